import { ConfigError } from '../../core/errors.ts'
import {
  type Cluster,
  partitionForKey,
  type Topic,
  topicRange,
  type TransactionWait,
  untilStable,
} from '../../kafka/index.ts'
import {
  headerOf,
  isOfRow,
  originsHeaderName,
  partsFrom,
  readOrigins,
  type RecordColumns,
  type SideOrigin,
} from '../../kernel/index.ts'
import { lettersIn } from '../redrive/letter-header.ts'
import { type Redriven, RedrivenFates } from '../redrive/redriven-fates.ts'
import { readRuns } from '../deduplication/completed-runs.ts'
import { isMerge } from '../checkpoint/topology-shape.ts'
import { findRedriveTopic } from '../topics/program-topics.ts'
import { planTopology } from '../topology/plan.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { requireRights, rightsToExplain, rightsToReadApp } from '../topics/rights.ts'
import { readRecords, recordsOf } from '../topics/record-reader.ts'
import type { Origin, PartitionPlace } from '../topics/source-partitions.ts'
import { chainOf } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { type AppCheckpoint, findAppCheckpoint, findTopic, firstCheckpoint, topicsOf } from './app-checkpoint.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from './at-brokers.ts'
import { type DeadLetter, readDeadLetter, type ReadLetter } from './dead-letter-reader.ts'
import { startedAt } from './audit-report.ts'
import { KeyFinder } from './key-finder.ts'
import { type OnwardRecord, onwardOf } from './onward.ts'
import { SourceRows } from './source-rows.ts'

/** Which key is explained, and how the brokers of its application are reached. */
export interface ExplainOptions extends ReadingOptions, Question {}

interface Question {
  /** The merge key: a JSON string or number, or any other text for a string. */
  readonly key: string
  /** Needed where a function chooses the stages of records: the checkpoint does not hold it. */
  readonly topology?: Topology | undefined
}

/** A record, and the time that it bears, in milliseconds since 1970. */
export interface RecordPlace extends Origin {
  readonly timestampMs: number
}

/** A pending part, by the record that it is from. */
export interface PendingPart extends RecordPlace {
  readonly side: string
}

/** The pending parts of a key. */
export interface PendingKey {
  readonly parts: readonly PendingPart[]
  /** Sides that have not come. */
  readonly missing: readonly string[]
  /** When the parts leave without the others; absent where they never expire. */
  readonly expires?: { readonly atMs: number; readonly by: 'eventTime' | 'processingTime' }
}

/** A record that was published of a key, and where in the sources its parts came from. */
export interface PublishedRecord extends RecordPlace {
  readonly parts: readonly (Origin & { readonly side: string })[]
  /** Sides that had not come when the others were merged without them, or expired. */
  readonly missing: readonly string[]
  /** Whether a side is missing that is not optional. */
  readonly isExpired: boolean
}

/** What has become of the records of one merge key. A key that was merged may come again. */
export interface Explanation {
  readonly app: string
  /** The topics that the application reads. */
  readonly sources: readonly string[]
  /** As JSON. */
  readonly key: string
  readonly pending?: PendingKey
  /** Records of the key that are in the sources and were not consumed yet; absent where there are none. */
  readonly unread?: readonly RecordPlace[]
  /** There where the key has been merged, and what comes of it is a duplicate for that. */
  readonly isRemembered?: true
  /**
   * Where partitions begin that were not read from offset 0; records before that are not looked at. Absent where all were.
   */
  readonly startedAt?: readonly Origin[]
  readonly published: readonly PublishedRecord[]
  /** In full those that hold the record; one by reference has no key to be found by. */
  readonly deadLetters: readonly ExplainedLetter[]
  /** What became of what was published in the subtopology that reads it; absent where none does. */
  readonly onward?: readonly OnwardRecord[]
}

/** A dead letter, and what has become of it where it was redriven. */
export interface ExplainedLetter extends RecordPlace {
  readonly letter: DeadLetter
  readonly redriven?: Redriven
}

/**
 * Finds what has become of the records of a merge key: which parts are pending, and which are missing; where they were
 * published; which are dead letters; and which are still to be read, also before the first epoch has committed. Reads
 * the sources from the first pending offset, the dead letters, and one partition of the sink.
 *
 * @throws MillraceError `APP_UNKNOWN`, `CHECKPOINT_CORRUPT`, `KAFKA_RIGHTS_MISSING`; ConfigError
 * `CONFIG_INVALID_VALUE`, `CONFIG_MISSING_VALUE`
 *
 * @example
 * const { pending, published } = await explain({ app: 'customer-360', key: 'c-17', bootstrapServers: 'localhost:9092'
 * })
 */
export function explain({ key, topology, ...options }: ExplainOptions): Promise<Explanation> {
  return readingAtBrokers(options, (cluster, app, limits) => explainAt(cluster, app, { key, topology }, limits))
}

async function explainAt(
  cluster: Cluster,
  app: string,
  { key, topology }: Question,
  reading: ReadingLimits,
): Promise<Explanation> {
  const { wait, ...limits } = reading
  await requireRights(cluster, app, rightsToReadApp(app))
  const checkpoint = (await findAppCheckpoint(cluster, app, wait)) ?? (await unread(cluster, app, topology))
  await requireRights(cluster, app, rightsToExplain(topicsOf(checkpoint)))
  const shape = checkpoint.manifest.topology
  const search: Search = {
    cluster,
    checkpoint,
    rows: new SourceRows(app, shape, topology && subtopologyOf(topology, app)),
    finder: new KeyFinder(shape.keyName, key),
    limits,
    wait,
  }
  const parts = await findPending(search)
  const published = (await Promise.all(checkpoint.manifest.outputs.map((name) => findPublished(search, name)))).flat()
  const deadLetters = await findDeadLetters(search, app)
  // What has left since the checkpoint is not pending any more.
  const left = [...published.flatMap((record) => record.parts), ...deadLetters.flatMap(({ consumed }) => consumed)]
  const hasNotLeft = (place: Origin) => !left.some((other) => isSamePlace(place, other))
  const pending = parts.filter(hasNotLeft)
  const starts = startedAt(checkpoint.manifest, checkpoint.partitions)
  const { next } = checkpoint.manifest
  const onward = next && (await onwardOf(cluster, next, published, reading))
  const unreadRecords = (await findUnread(search)).filter(hasNotLeft)
  return {
    app,
    sources: shape.sources.map(({ topic }) => topic),
    key: search.finder.text,
    ...(pending.length > 0 && { pending: pendingKey(checkpoint, pending) }),
    ...(unreadRecords.length > 0 && { unread: unreadRecords }),
    ...(isRemembered(search) && { isRemembered: true }),
    ...(starts.length > 0 && { startedAt: starts }),
    published,
    deadLetters: deadLetters.map(({ consumed: _consumed, ...letter }) => letter),
    ...(onward && { onward }),
  }
}

/** That of the name; the first one where none has it. */
function subtopologyOf(topology: Topology, name: string): Topology {
  return chainOf(topology).find((each) => each.name === name) ?? topology
}

/** Where no epoch has committed yet, only the topology tells the source. */
async function unread(cluster: Cluster, app: string, topology: Topology | undefined): Promise<AppCheckpoint> {
  if (topology !== undefined) return firstCheckpoint(cluster, planTopology(subtopologyOf(topology, app)))
  const text = `"${app}" has not committed an epoch yet, so there is no checkpoint that tells its source; give its topology`
  throw new ConfigError('CONFIG_MISSING_VALUE', text, { app })
}

interface Search {
  readonly cluster: Cluster
  readonly checkpoint: AppCheckpoint
  readonly rows: SourceRows
  readonly finder: KeyFinder
  readonly limits: Omit<ReadingLimits, 'wait'>
  readonly wait: TransactionWait
}

/** The topics of an application that are still those which it has read. */
async function sourceTopics({ cluster, checkpoint }: Search): Promise<[topic: Topic, source: number][]> {
  const { topology, sourceIds } = checkpoint.manifest
  const { redriveTopic } = checkpoint.partitions
  const found = await Promise.all([
    ...topology.sources.map(({ topic }) => findTopic(cluster, topic)),
    findRedriveTopic(cluster, redriveTopic!, topology.sources.length),
  ])
  return found.flatMap((topic, source): [Topic, number][] => {
    // Redriven letters may not have been read yet.
    const isKnown = topic?.id === (sourceIds[source] ?? topic?.id)
    return topic === undefined || !isKnown ? [] : [[topic, source]]
  })
}

async function findPending(search: Search): Promise<PendingPart[]> {
  const { cluster, checkpoint, limits } = search
  const { manifest, partitions, pending, promoted, promotedBatches } = checkpoint
  const topics = await sourceTopics(search)
  const found: PendingPart[] = []
  const { rows, finder } = search
  const visit = async (number: number, isPromoted: boolean, columns: RecordColumns) => {
    // A promoted part is of one lane.
    const lanes = isPromoted ? [number] : partitions.lanesOf(number)
    const isPending = (lane: number, offset: number) =>
      lanes.includes(lane) && pending[lane]!.has(offset) && promoted.has(lane, offset) === isPromoted
    const place = partitions.placeOf(number)
    const [first] = partitions.lanesOf(number)
    columns.keep((offset) => lanes.some((lane) => isPending(lane, offset)))
    const from = asInSource(search, columns, place)
    const { pieces, rest } = await rows.prepare(columns, from)
    for (const piece of pieces) {
      piece.keep((offset, row) => isPending(first! + piece.lane[row]!, offset))
      for (const row of rows.rowsOf(finder, piece, from)) {
        const timestampMs = rows.timestampOf(piece, row, from)
        found.push({ ...placeOf(piece, row, place), timestampMs, side: rows.sideOf(piece, row, from) })
      }
    }
    return rest
  }
  const isThere = (number: number) => topics.some(([, source]) => source === partitions.list[number]!.source)
  const visitPromoted = recordsOf(limits, (columns) => visit(columns.partition, true, columns))
  for (const piece of promotedBatches) if (isThere(piece.partition)) await visitPromoted(piece)
  const firstNeeded = manifest.nextOffsets.map((end, number) => promoted.firstNeeded(number) ?? end)
  for (const [topic, source] of topics) {
    const logStarts = (await topicRange(cluster, topic)).starts
    const starts = partitions
      .bySource(firstNeeded)
      [source]!.map((first, partition) => Math.max(first, logStarts[partition]!))
    const ends = partitions.furthestBySource(manifest.nextOffsets)[source]!
    await readRecords({ cluster, topic, range: { starts, ends }, ...limits }, (columns) => {
      const { partition } = columns
      return visit(partitions.numberOf({ topic: topic.name, partition })!, false, columns)
    })
  }
  return found
}

async function findUnread(search: Search): Promise<RecordPlace[]> {
  const { cluster, checkpoint, limits } = search
  const { manifest, partitions } = checkpoint
  const found: RecordPlace[] = []
  for (const [topic, source] of await sourceTopics(search)) {
    const nextOffsets = partitions.bySource(manifest.nextOffsets)[source]!
    const { starts, ends } = await topicRange(cluster, topic)
    const range = { starts: starts.map((start, partition) => Math.max(start, nextOffsets[partition] ?? 0)), ends }
    await readRecords({ cluster, topic, range, ...limits }, async (columns) => {
      // Partitions that came since have no number.
      const number = partitions.numberOf({ topic: topic.name, partition: columns.partition })
      const place =
        number === undefined ? { topic: topic.name, partition: columns.partition } : partitions.placeOf(number)
      const from = asInSource(search, columns, place)
      const { pieces, rest } = await search.rows.prepare(columns, from)
      for (const piece of pieces) {
        if (number !== undefined)
          piece.keep((offset, row) => offset >= manifest.nextOffsets[number + piece.lane[row]!]!)
        for (const row of search.rows.rowsOf(search.finder, piece, from)) found.push(placeOf(piece, row, place))
      }
      return rest
    })
  }
  return found
}

/** Has functions see redriven records as they were in their source; returns the place that stands for it. */
function asInSource({ checkpoint }: Search, columns: RecordColumns, place: PartitionPlace): PartitionPlace {
  const topic = checkpoint.partitions.sourceTopicOf(place)
  if (topic !== place.topic) columns.origins = lettersIn(columns)
  return { ...place, topic }
}

function pendingKey({ manifest: { topology, expiry } }: AppCheckpoint, parts: PendingPart[]): PendingKey {
  const sides = topology.sides.map(({ name }) => name)
  const oldestMs = Math.min(...parts.map(({ timestampMs }) => timestampMs))
  return {
    parts: parts.toSorted((a, b) => sides.indexOf(a.side) - sides.indexOf(b.side)),
    missing: sides.filter((side) => !parts.some((part) => part.side === side)),
    ...(expiry && { expires: { atMs: oldestMs + expiry.afterMs, by: expiry.by } }),
  }
}

function isRemembered({ checkpoint: { manifest, records }, finder: { canonical, isNumber } }: Search): boolean {
  let isFound = false
  if (manifest.completed === undefined) return isFound
  readRuns(records, manifest.completed, (_number, key) => {
    isFound ||= key.isNumber === isNumber && canonical.equals(key.bytes)
  })
  return isFound
}

async function findPublished(
  { cluster, checkpoint, finder, limits, wait }: Search,
  name: string,
): Promise<PublishedRecord[]> {
  const topic = await findTopic(cluster, name)
  if (topic === undefined) return []
  const isSpread = checkpoint.manifest.spread?.includes(name) ?? false
  const only = isSpread ? undefined : partitionForKey(finder.canonical, topic.partitions.length)
  const isRead = (partition: number) => only === undefined || partition === only
  const { starts, ends } = await topicRange(cluster, topic)
  const range = { starts: ends.map((end, each) => (isRead(each) ? starts[each]! : end)), ends }
  const needed = ends.map((end, each) => (isRead(each) ? end : 0))
  await untilStable(cluster, topic, needed, wait)
  const found: PublishedRecord[] = []
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const header = headerOf(columns, row, originsHeaderName)
      const origins = header && readOrigins(header)
      if (origins === undefined) continue
      const shape = checkpoint.manifest.topology
      const present = shape.sides.filter((_, index) => isThere(origins[index])).map(({ name: side }) => side)
      if (!finder.isKeyOf(columns, row, present)) continue
      found.push({
        ...placeOf(columns, row, { topic: topic.name, partition: columns.partition }),
        parts: shape.sides.flatMap(({ name: side }, index) =>
          partsFrom(origins[index]).map((part) => ({ side, ...checkpoint.partitions.originOf(part)! })),
        ),
        missing: shape.sides.filter((_, index) => isLacking(origins[index])).map(({ name: side }) => side),
        isExpired: !isMerge(shape, origins),
      })
    }
  })
  return found
}

async function findDeadLetters({ cluster, checkpoint, finder, rows, limits, wait }: Search, app: string) {
  const { sources } = checkpoint.manifest.topology
  const { deadLetterTopic: name } = ownTopics(app)
  const fates = await RedrivenFates.read(cluster, app, checkpoint, wait)
  const topic = await findTopic(cluster, name)
  const found: (RecordPlace & { letter: DeadLetter; consumed: readonly Origin[] })[] = []
  if (topic === undefined) return []
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, wait)
  await readRecords({ cluster, topic, range, ...limits }, async (columns) => {
    const read = new Map<number, ReadLetter>()
    for (let row = 0; row < columns.count; row++) {
      const each = readDeadLetter(columns, row, checkpoint.partitions)
      if (each !== undefined && sources.some(({ topic: source }) => source === each.letter.topic)) read.set(row, each)
    }
    const letters = new Map(Array.from(read, ([row, { letter }]) => [row, letter]))
    const withKey = await lettersOfKey(finder, rows, columns, letters)
    for (const [row, letter] of letters) {
      // A row that has left incomplete looks like a merged record; all others are as they came.
      const hasKey = isOfRow(letter.reason) ? finder.isKeyOf(columns, row, []) : withKey.has(row)
      const place = { topic: topic.name, partition: columns.partition }
      const { consumed } = read.get(row)!
      fates.note(consumed)
      if (hasKey) found.push({ ...placeOf(columns, row, place), letter, consumed })
    }
  })
  return found.map((each) => {
    const redriven = fates.of(each.consumed)
    return redriven === undefined ? each : { ...each, redriven }
  })
}

/** The rows of dead letters that have the key at any of the places where it may stand. */
async function lettersOfKey(
  finder: KeyFinder,
  rows: SourceRows,
  columns: RecordColumns,
  letters: ReadonlyMap<number, DeadLetter>,
): Promise<Set<number>> {
  const withKey = new Set<number>()
  for (const source of new Set(Array.from(letters.values(), ({ topic }) => topic))) {
    const ofSource = [...letters].filter(([, { topic }]) => topic === source)
    const byPlace = Map.groupBy(ofSource, ([, { origins }]) => `${origins[0]!.partition} ${origins[0]!.index}`)
    for (const own of byPlace.values()) {
      const { partition, index } = own[0]![1].origins[0]!
      const picked = columns.pick(own.map(([row]) => row))
      // As the program has seen them.
      own.forEach(([, { origins }], index) => (picked.offset[index] = origins[0]!.offset))
      // A record that was redriven has several letters.
      const byOffset = Map.groupBy(own, ([, { origins }]) => origins[0]!.offset)
      const place = { topic: source, partition }
      const { pieces } = await rows.prepare(picked, place)
      for (const piece of pieces) {
        piece.keep((_, row) => piece.lane[row] === (index ?? 0))
        for (const row of rows.anyOf(finder, piece, place)) {
          for (const [letter] of byOffset.get(piece.offset[row]!)!) withKey.add(letter)
        }
      }
    }
  }
  return withKey
}

/** Whether merged records have anything of a side. */
function isThere(origin: SideOrigin): boolean {
  return origin !== undefined && (!('parts' in origin) || origin.isWhole || origin.parts.length > 0)
}

/** Whether a side has not come, or a list of parts not as a whole. */
function isLacking(origin: SideOrigin): boolean {
  return origin === undefined || ('parts' in origin && !origin.isWhole)
}

function placeOf({ offset, lane, timestamp }: RecordColumns, row: number, place: PartitionPlace): RecordPlace {
  const index = place.index === undefined ? undefined : { index: lane[row]! }
  return { ...place, ...index, offset: offset[row]!, timestampMs: timestamp[row]! }
}

function isSamePlace(a: Origin, b: Origin): boolean {
  return a.topic === b.topic && a.partition === b.partition && a.offset === b.offset && a.index === b.index
}
