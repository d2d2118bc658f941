import { isDeepStrictEqual } from 'node:util'
import { type Random, systemRandom } from '../../core/random.ts'
import type { Topic } from '../../kafka/index.ts'
import { type CompletedCounts, PendingTable } from '../../kernel/index.ts'
import { Accounting } from '../epochs/accounting.ts'
import { completedRecords } from '../deduplication/completed-runs.ts'
import { type CheckpointRecords, collectPending } from '../checkpoint/checkpoint-records.ts'
import { CheckpointWriter } from '../checkpoint/checkpoint-writer.ts'
import { type Digest, emptyDigest } from '../checkpoint/digest.ts'
import type { EventTimes, Manifest } from '../checkpoint/manifest.ts'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import type { PromotedPlaces } from '../retention/promoted-places.ts'
import { areKeysMoved, isRetaken, type Migration, migrationOf } from '../checkpoint/migration.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import type { ProgramIdentity } from '../checkpoint/manifest-writer.ts'
import { processingTime } from '../expiry/deadline-clock.ts'
import { descriptionOf } from './description.ts'
import { type RecoveredState, stateOf } from './program-state.ts'
import { isNewSource } from './start-offsets.ts'
import { formerSources, leftBehind } from './compatibility.ts'
import type { SpareMemory } from './spare-memory.ts'
import { tableOptions } from './table-options.ts'
import type { WarmTable } from './warm-table.ts'
import type { RestorationBase } from './restoration.ts'
import { EventClock } from '../expiry/event-clock.ts'
import { RoutedTimes } from '../expiry/routed-times.ts'
import { lossError, lossOf, type PartitionLoss } from '../epochs/loss.ts'
import { ToldNumbers } from '../lists/told-numbers.ts'
import type { Logger } from '../logs/logger.ts'
import type { RunOptions } from '../options.ts'
import { toldOf } from '../tasks/routed-progress.ts'
import { isOwn, oneTask, type Tasks } from '../tasks/tasks.ts'
import { goByEventTime } from '../topology/plan-leaving.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { Sources } from '../topics/sources.ts'
import { ProgramTables } from '../tables/program-tables.ts'
import type { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { type Plan, tellsTimes } from '../topology/plan.ts'
import type { MergeSpans } from '../tracing/merge-spans.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { WindowRows, windowTable } from '../windows/window-rows.ts'
import { areNumbers } from '../windows/folding.ts'
import { areSessions, areSliding } from '../topology/windows.ts'
import { RememberedKeys } from '../deduplication/remembered-keys.ts'

/** What a state is made from. */
export interface StateRequest {
  readonly plan: Plan
  readonly options: Pick<RunOptions, 'pendingBytesMax' | 'acceptLoss'>
  readonly sources: Sources
  /** Topics of merged records, expired rows and dead letters. */
  readonly outputs: readonly Topic[]
  /** Offsets of the first records of the sources, and after the last ones, by number of the partition. */
  readonly logStarts: readonly number[]
  readonly logEnds: readonly number[]
  /** Where partitions begin that no manifest has, likewise. */
  readonly startOffsets: readonly number[]
  readonly records: CheckpointRecords
  /** Rows of tables, which this state takes; absent where tables are left alone, in a standby. */
  readonly tables?: CheckpointTables | undefined
  /** Where the promoted parts are whose keys are among the records. */
  readonly promotedPlaces: PromotedPlaces
  /** Where the table is to live. */
  readonly spareMemory: Pick<SpareMemory, 'take'>
  /** A table that may have most of the pending parts. */
  readonly warmTable?: WarmTable | undefined
  readonly logger: Logger
  readonly tracing: Tracing | undefined
  /** Where parts are read that are routed: the partitions of the sources that they are made of. */
  readonly recordsOfParts?: SourcePartitions | undefined
  /** Bytes that a row of a table may have; absent where tables are left alone, in a standby. */
  readonly tableRowBytesMax?: number
  /** Those of this member. @defaultValue the one that there is */
  readonly tasks?: TasksToRestore
  /** Whether rows are to be in shards of the table, and so completed keys. @defaultValue false */
  readonly areInShards?: boolean
  /** What the seed of hashes comes from. @defaultValue numbers that nobody can predict */
  readonly random?: Random
}

/** The tasks of a member, and what their checkpoints say of each of them. */
export interface TasksToRestore extends Tasks {
  /** Of their pending parts, by task. */
  readonly digests: readonly Digest[]
  /** Their completed keys, by task; absent where none are remembered. */
  readonly completed: readonly (CompletedCounts | undefined)[]
  /** The seed that keys are hashed with, in all members. */
  readonly hashSeed: Manifest['hashSeed']
  /** Whether some of them have no epoch yet, so that the first one is to fix where their sources begin. */
  readonly areSomeNew: boolean
}

/** The state of a program that never was. */
export function firstState(request: StateRequest): RecoveredState {
  const { plan, sources, outputs, startOffsets, random = systemRandom } = request
  const identity: ProgramIdentity = {
    ...descriptionOf(plan, outputs),
    ...identityOf(sources),
    hashSeed: request.tasks?.hashSeed ?? [random.nextUint32(), random.nextUint32()],
  }
  const table = tableOf(request, identity)
  const pending = new PendingOffsets(startOffsets.length, request.tasks)
  const eventClock = eventClockOf(request, startOffsets)
  return stateOf({
    app: plan.name,
    identity,
    table,
    accounting: Accounting.from(startOffsets),
    epoch: 0,
    fixesStart: fixesStart(plan, undefined),
    pending,
    partitions: sources.partitions,
    promoted: new PromotedParts(pending.sets, request.promotedPlaces),
    deltas: new CheckpointWriter(pending),
    told: ToldNumbers.of(plan),
    eventClock,
    remembered: rememberedKeysOf(request, table, eventClock),
    tables: tablesOf(request),
    windows: windowsOf(request),
    spans: spansOf(request),
    coldFromBytes: coldFrom(request),
    tasks: request.tasks,
  })
}

/**
 * The state of a program at the end of an epoch that fits it.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`, `CHECKPOINT_INCOMPATIBLE`, `PENDING_LOST`; KafkaError `KAFKA_OFFSET_LOST`
 */
export function stateAfter(request: StateRequest, manifest: Manifest): RecoveredState {
  const { plan, options, sources, outputs, logStarts, records, logger } = request
  const { partitions } = sources
  const pending = new PendingOffsets(partitions.count, request.tasks)
  collectPending(records, manifest, pending.sets)
  const error = leftBehind(
    plan,
    manifest,
    partitions,
    pending.sets.map(({ count }) => count),
  )
  if (error !== undefined) throw error
  const grown = withNewPartitions(manifest, request.startOffsets)
  const { hashSeed } = grown
  const { migrations } = migrationOf(manifest, shapeOf(plan))
  const areRetaken = isRetaken(migrations)
  // Of parts that get other keys the digest says nothing.
  pending.startAt(areRetaken ? [emptyDigest] : (request.tasks?.digests ?? [grown.digest]))
  const promoted = PromotedParts.after(records, pending.sets, request.promotedPlaces)
  const loss = lossOf({ pending: pending.sets, promoted }, grown.nextOffsets, logStarts)
  if (loss !== undefined) {
    if (!options.acceptLoss) throw lossError(partitions, loss, logStarts)
    logger.warn(
      { app: plan.name, loss: countsOf(loss, partitions) },
      'the source has lost records: going on without them',
    )
  }
  const nextOffsets = grown.nextOffsets.map((offset, partition) => Math.max(offset, logStarts[partition]!))
  const isRetained = loss === undefined && !areRetaken && mayBeRetained(plan)
  const warm = isRetained ? usableTable(request.warmTable, manifest) : undefined
  const base = warm && retainPending(warm, pending, request.tasks)
  const table = warm?.table ?? tableOf(request, grown)
  const former = formerSources(plan, manifest)
  const { memory } = plan.correlate
  const eventClock = eventClockOf(request, nextOffsets, grown.eventTimes)
  const remembered = rememberedKeysOf(request, table, eventClock)
  const completed = request.tasks?.completed ?? [manifest.completed]
  remembered?.recall(
    records,
    completed.map((counts) => counts && rememberedOf(request, counts, migrations)),
  )
  const tables = tablesOf(request)
  tables?.check(manifest)
  const windows = windowsOf(request)
  if (request.tables !== undefined) windows?.restore(request.tables, manifest)
  const obsolete = [
    ...(memory === undefined ? completedRecords(records) : []),
    ...(request.tables?.recordKeysBesides(
      new Set([...plan.tables.map(({ name }) => name), ...(plan.aggregation ? [windowTable] : [])]),
    ) ?? []),
  ]
  return stateOf({
    app: plan.name,
    // No more than that of the last manifest goes into the next one.
    identity: {
      ...descriptionOf(plan, outputs, grown),
      ...identityOf(sources),
      ...(former.length > 0 && { former }),
      hashSeed,
    },
    table,
    accounting: new Accounting(grown),
    epoch: grown.epoch,
    pending,
    partitions,
    promoted,
    deltas: CheckpointWriter.after(records, grown, pending, obsolete),
    told: ToldNumbers.of(plan),
    eventClock,
    remembered,
    tables,
    windows,
    spans: spansOf(request),
    loss,
    hasDigest: !grown.isDigestOpen,
    fixesStart: fixesStart(plan, request.tasks?.areSomeNew === true ? undefined : manifest),
    isMigrated: migrations.length > 0,
    isRetaken: areRetaken,
    coldFromBytes: coldFrom(request),
    base,
    tasks: request.tasks,
  })
}

/** Completed keys as they were read before say nothing of those that come now: they are forgotten. */
function rememberedOf(
  { plan, logger }: StateRequest,
  { count, forgotten }: CompletedCounts,
  migrations: readonly Migration[],
): CompletedCounts {
  if (!areKeysMoved(migrations)) return { count, forgotten }
  if (count > forgotten) {
    const facts = { app: plan.name, keys: count - forgotten }
    logger.warn(
      facts,
      'merge keys stand in another place than before: completed keys are forgotten, and further parts of them will wait for others',
    )
  }
  return { count, forgotten: count }
}

function coldFrom({ plan, options }: StateRequest): number | undefined {
  return mayBeCold(plan) ? options.pendingBytesMax : undefined
}

/**
 * Whether the table of an earlier epoch is of use. `retain` takes out whole rows, and a later part takes one part out of
 * a row that stays.
 */
export function mayBeRetained(plan: Plan): boolean {
  return !plan.sides.some(({ isLatest }) => isLatest) && !mayBeCold(plan)
}

/** Whether pending parts may be elsewhere than in the table. */
function mayBeCold({ correlate }: Plan): boolean {
  return correlate.whenFull === 'promote'
}

/** Elsewhere than at the start of its log a second start would begin a new source at other offsets. */
function fixesStart({ sources }: Plan, manifest: Manifest | undefined): boolean {
  return sources.some((source) => source.from !== 'earliest' && isNewSource(manifest, source))
}

/** A warm table that goes on to this manifest: of the same history, in which no single part was lost meanwhile. */
function usableTable(
  warm: WarmTable | undefined,
  { epoch, sourceIds, hashSeed, totals }: Manifest,
): WarmTable | undefined {
  if (warm === undefined || warm.manifest.epoch > epoch) return undefined
  const known = warm.manifest
  const isOfHistory =
    isDeepStrictEqual([known.sourceIds, known.hashSeed], [sourceIds, hashSeed]) &&
    totals.lost.every((count, partition) => count === (known.totals.lost[partition] ?? 0))
  return isOfHistory ? warm : undefined
}

/**
 * Lets go what has left since; returns what is left. Parts leave with all of their row, and none from below these
 * offsets is new.
 */
function retainPending(
  { table, manifest, ...warm }: WarmTable,
  pending: PendingOffsets,
  tasks: Pick<Tasks, 'own'> = oneTask,
): RestorationBase {
  table.completed.leaveAllBut(tasks.own)
  table.retain((partition, offset) => pending.sets[partition]!.has(offset))
  let count = manifest.pending
  const digests = [...warm.digests]
  table.epochChanges((partition, _chunk, _bits, added, growth) => {
    count += added
    pending.addGrowth(digests, partition, growth)
  })
  table.settle()
  return { count, digests, nextOffsets: manifest.nextOffsets }
}

/** What a manifest says of the sources; both grow with them. */
function identityOf({ ids, partitions }: Sources) {
  return { sourceIds: ids, partitions: partitions.list }
}

/**
 * Partitions that the sources were given since the last epoch are read from offset 0: what is not there any more was
 * never read. Those of further sources are read from where these begin.
 */
function withNewPartitions(manifest: Manifest, startOffsets: readonly number[]): Manifest {
  const known = manifest.nextOffsets.length
  const added = startOffsets.slice(known)
  const none = added.map(() => 0)
  const totals = Object.fromEntries(
    Object.entries(manifest.totals).map(([name, counts]) => [name, [...counts, ...none]]),
  ) as unknown as Manifest['totals']
  return {
    ...manifest,
    totals,
    startOffsets: [...manifest.startOffsets, ...added],
    nextOffsets: [...manifest.nextOffsets, ...added],
    baseEpochs: [...manifest.baseEpochs, ...none],
    basePieces: [...manifest.basePieces, ...none],
    deltaPieces: [...manifest.deltaPieces, ...none],
    ...(manifest.brought && { brought: [...manifest.brought, ...none] }),
  }
}

function tablesOf({ plan, tables, tableRowBytesMax }: StateRequest): ProgramTables | undefined {
  return tableRowBytesMax === undefined ? undefined : ProgramTables.of(plan.tables, tableRowBytesMax, tables)
}

function windowsOf({ plan, tableRowBytesMax }: StateRequest): WindowRows | undefined {
  const { aggregation, correlate } = plan
  if (aggregation === undefined || tableRowBytesMax === undefined) return undefined
  const { windows } = aggregation
  return new WindowRows({
    id: correlate.id,
    bytesMax: aggregation.bytesMax,
    // Sliding windows have records in their rows.
    areNumbers: areNumbers(aggregation) && !areSliding(windows),
    areByKey: areSessions(windows) || areSliding(windows),
  })
}

function spansOf({ plan, sources: { partitions }, tracing }: StateRequest): MergeSpans | undefined {
  return tracing?.spansOf({ plan, partitions })
}

/** One that has nothing. */
export function tableOf(
  request: Pick<StateRequest, 'plan' | 'options' | 'spareMemory' | 'tracing' | 'tasks'>,
  identity: Pick<ProgramIdentity, 'hashSeed'>,
): PendingTable {
  const { spareMemory, tasks } = request
  return new PendingTable({ ...tableOptions(request, identity), tasks, memory: spareMemory.take() })
}

function rememberedKeysOf(
  { plan, tasks, areInShards }: StateRequest,
  table: PendingTable,
  eventClock: EventClock | undefined,
): RememberedKeys | undefined {
  const { memory } = plan.correlate
  return memory && new RememberedKeys(memory, table, eventClock ?? processingTime, tasks, areInShards)
}

function eventClockOf(
  { plan, logEnds, sources: { partitions }, recordsOfParts, tasks }: StateRequest,
  nextOffsets: readonly number[],
  times?: EventTimes,
): EventClock | undefined {
  if (!goByEventTime(plan.correlate) && plan.aggregation === undefined && !tellsTimes(plan)) return undefined
  return new EventClock(
    // The further lanes of a partition have what its first one has.
    nextOffsets.map((offset, number) => offset < logEnds[number]! && partitions.isFirst(number)),
    times,
    recordsOfParts && new RoutedTimes(toldIn(recordsOfParts, partitions, tasks), times?.routed),
  )
}

/** By number of the partition, the source partitions whose parts it has; undefined of those of other tasks. */
function toldIn(
  recordsOfParts: SourcePartitions,
  partitions: SourcePartitions,
  tasks: Tasks = oneTask,
): (readonly number[] | undefined)[] {
  return partitions.list.map((_, number) => {
    if (partitions.isRedriven(number) || !isOwn(tasks, number)) return undefined
    return toldOf(recordsOfParts, partitions.sourceOf(number))
  })
}

/** Numbers of pending parts and of offsets that were not read, in the partitions that lost some. */
function countsOf(loss: readonly PartitionLoss[], partitions: SourcePartitions) {
  return loss
    .map(({ pendingOffsets, unread }, number) => ({
      ...partitions.placeOf(number),
      pending: pendingOffsets.length,
      unread,
    }))
    .filter(({ pending, unread }) => pending + unread > 0)
}
