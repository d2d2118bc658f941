import { ConfigError } from '../../core/errors.ts'
import {
  type Cluster,
  partitionForKey,
  type Topic,
  topicRange,
  type TransactionWait,
  untilStable,
} from '../../kafka/index.ts'
import { headerOf, type Origin, originsHeaderName, readOrigins, type RecordColumns } from '../../kernel/index.ts'
import { readRuns } from '../deduplication/completed-runs.ts'
import type { TopologyShape } from '../checkpoint/topology-shape.ts'
import { ownTopics, planTopology } from '../topology/plan.ts'
import { requireRights, rightsToExplain, rightsToReadApp } from '../topics/rights.ts'
import { readRecords, recordsOf } from '../topics/record-reader.ts'
import { originOf, parseValue } from '../functions/record-view.ts'
import type { RecordOrigin } from '../topology/stage.ts'
import type { Topology } from '../topology/topology.ts'
import { type AppCheckpoint, findAppCheckpoint, findTopic, firstCheckpoint, topicsOf } from './app-checkpoint.ts'
import { readingAtBrokers, type ReadingLimits, type ReadingOptions } from './at-brokers.ts'
import { type DeadLetter, readDeadLetter } from './dead-letter-reader.ts'
import { KeyFinder } from './key-finder.ts'

/** Which key is explained, and how the brokers of its application are reached. */
export interface ExplainOptions extends ReadingOptions, Question {}

interface Question {
  /** The merge key: a JSON string or number, or any other text for a string. */
  readonly key: string
  /** Needed where a function chooses the stages of records: the checkpoint does not hold it. */
  readonly topology?: Topology | undefined
}

/** A record, and the time that it bears, in milliseconds since 1970. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
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

/** A record that was published of a key, and where in the source its parts came from. */
export interface PublishedRecord extends RecordPlace {
  readonly parts: readonly (Origin & { readonly side: string })[]
  /** Sides that had not come when the others expired; none in a merged record. */
  readonly missing: readonly string[]
}

/** What has become of the records of one merge key. A key that was merged may come again. */
export interface Explanation {
  readonly app: string
  /** As JSON. */
  readonly key: string
  readonly pending?: PendingKey
  /** Records of the key that are in the source and were not consumed yet; absent where there are none. */
  readonly unread?: readonly RecordPlace[]
  /** There where the key has been merged, and what comes of it is a duplicate for that. */
  readonly isRemembered?: true
  readonly published: readonly PublishedRecord[]
  /** In full those that hold the record; one by reference has no key to be found by. */
  readonly deadLetters: readonly (RecordPlace & { readonly letter: DeadLetter })[]
}

/**
 * Finds what has become of the records of a merge key: which parts are pending, and which are missing; where they were
 * published; which are dead letters; and which are still to be read, also before the first epoch has committed. Reads
 * the source from the first pending offset, the dead letters, and one partition of the sink.
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
  { wait, ...limits }: ReadingLimits,
): Promise<Explanation> {
  await requireRights(cluster, app, rightsToReadApp(app))
  const checkpoint = (await findAppCheckpoint(cluster, app, wait)) ?? (await unread(cluster, app, topology))
  await requireRights(cluster, app, rightsToExplain(topicsOf(checkpoint.manifest)))
  const shape = checkpoint.manifest.topology
  const search: Search = {
    cluster,
    checkpoint,
    finder: new KeyFinder(shape.key, key),
    limits,
    wait,
  }
  const parts = await findPending(search, sideFinder(app, shape, topology))
  const published = (await Promise.all(checkpoint.manifest.outputs.map((name) => findPublished(search, name)))).flat()
  const deadLetters = await findDeadLetters(search, ownTopics(app).deadLetterTopic)
  // What has left since the checkpoint is not pending any more.
  const left = [...published.flatMap((record) => record.parts), ...deadLetters.flatMap(({ letter }) => letter.origins)]
  const hasNotLeft = (place: Origin) => !left.some((other) => isSamePlace(place, other))
  const pending = parts.filter(hasNotLeft)
  const unreadRecords = (await findUnread(search)).filter(hasNotLeft)
  return {
    app,
    key: search.finder.text,
    ...(pending.length > 0 && { pending: pendingKey(checkpoint, pending) }),
    ...(unreadRecords.length > 0 && { unread: unreadRecords }),
    ...(isRemembered(search) && { isRemembered: true }),
    published,
    deadLetters,
  }
}

/** Where no epoch has committed yet, only the topology tells the source. */
async function unread(cluster: Cluster, app: string, topology: Topology | undefined): Promise<AppCheckpoint> {
  if (topology !== undefined) return firstCheckpoint(cluster, planTopology(topology))
  const text = `"${app}" has not committed an epoch yet, so there is no checkpoint that tells its source; give its topology`
  throw new ConfigError('CONFIG_MISSING_VALUE', text, { app })
}

interface Search {
  readonly cluster: Cluster
  readonly checkpoint: AppCheckpoint
  readonly finder: KeyFinder
  readonly limits: Omit<ReadingLimits, 'wait'>
  readonly wait: TransactionWait
}

/** Names the stage of a record by its value. */
type SideFinder = (value: unknown, origin: RecordOrigin) => string

function sideFinder(app: string, { route }: TopologyShape, topology: Topology | undefined): SideFinder {
  if (topology !== undefined && topology.name !== app) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `the topology given is "${topology.name}", not "${app}"`, { app })
  }
  const by = topology?.route.by
  if (typeof by === 'function') return by
  const path = route ?? by?.path
  if (path === undefined) {
    const text = `a function chooses the stages of "${app}", which its checkpoint does not hold; give its topology`
    throw new ConfigError('CONFIG_MISSING_VALUE', text, { app })
  }
  return (value) => String(path.reduce((at: unknown, name) => (at as Record<string, unknown>)[name], value))
}

async function findPending({ cluster, checkpoint, finder, limits }: Search, side: SideFinder): Promise<PendingPart[]> {
  const { manifest, pending, promoted, promotedBatches } = checkpoint
  const topic = await findTopic(cluster, manifest.topology.source)
  if (topic === undefined || topic.id !== manifest.sourceId) return []
  const logStarts = (await topicRange(cluster, topic)).starts
  const ends = manifest.nextOffsets
  const starts = ends.map((end, partition) => Math.max(promoted.firstNeeded(partition) ?? end, logStarts[partition]!))
  const found: PendingPart[] = []
  const visit = (isPromoted: boolean) => (columns: RecordColumns) => {
    const { partition } = columns
    const set = pending[partition]!
    columns.keep((offset) => set.has(offset) && promoted.has(partition, offset) === isPromoted)
    for (const row of finder.rowsIn(columns)) {
      const place = placeOf(columns, row, topic)
      found.push({ ...place, side: side(parseValue(columns, row), originOf(columns, row, topic.name)) })
    }
  }
  promotedBatches.forEach(recordsOf(limits, visit(true)))
  await readRecords({ cluster, topic, range: { starts, ends }, ...limits }, visit(false))
  return found
}

async function findUnread({ cluster, checkpoint: { manifest }, finder, limits }: Search): Promise<RecordPlace[]> {
  const topic = await findTopic(cluster, manifest.topology.source)
  if (topic === undefined || topic.id !== manifest.sourceId) return []
  const { starts, ends } = await topicRange(cluster, topic)
  const range = {
    starts: starts.map((start, partition) => Math.max(start, manifest.nextOffsets[partition] ?? 0)),
    ends,
  }
  const found: RecordPlace[] = []
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    for (const row of finder.rowsIn(columns)) found.push(placeOf(columns, row, topic))
  })
  return found
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
  const partition = partitionForKey(finder.canonical, topic.partitions.length)
  const { starts, ends } = await topicRange(cluster, topic)
  const range = { starts: ends.map((end, each) => (each === partition ? starts[each]! : end)), ends }
  const needed = ends.map((end, each) => (each === partition ? end : 0))
  await untilStable(cluster, topic, needed, wait)
  const found: PublishedRecord[] = []
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const header = headerOf(columns, row, originsHeaderName)
      const origins = header && readOrigins(header)
      if (origins === undefined || !finder.isKeyOf(columns, row)) continue
      const sides = checkpoint.manifest.topology.sides.map(({ name: side }, index) => ({
        side,
        origin: origins[index],
      }))
      found.push({
        ...placeOf(columns, row, topic),
        parts: sides.flatMap(({ side, origin }) => (origin === undefined ? [] : [{ side, ...origin }])),
        missing: sides.filter(({ origin }) => origin === undefined).map(({ side }) => side),
      })
    }
  })
  return found
}

async function findDeadLetters({ cluster, checkpoint, finder, limits, wait }: Search, name: string) {
  const topic = await findTopic(cluster, name)
  const found: (RecordPlace & { letter: DeadLetter })[] = []
  if (topic === undefined) return found
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, wait)
  await readRecords({ cluster, topic, range, ...limits }, (columns) => {
    const rows = new Set(finder.rowsIn(columns))
    for (let row = 0; row < columns.count; row++) {
      const letter = readDeadLetter(columns, row)
      if (letter?.topic !== checkpoint.manifest.topology.source) continue
      // A row that has expired looks like a merged record; all others are as they came.
      const hasKey = letter.reason === 'EXPIRED' ? finder.isKeyOf(columns, row) : rows.has(row)
      if (hasKey) found.push({ ...placeOf(columns, row, topic), letter })
    }
  })
  return found
}

function placeOf({ partition, offset, timestamp }: RecordColumns, row: number, { name }: Topic): RecordPlace {
  return { topic: name, partition, offset: offset[row]!, timestampMs: timestamp[row]! }
}

function isSamePlace(a: Origin, b: Origin): boolean {
  return a.partition === b.partition && a.offset === b.offset
}
