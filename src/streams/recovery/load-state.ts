import { isDeepStrictEqual } from 'node:util'
import { systemRandom } from '../../core/random.ts'
import { MillraceError } from '../../core/errors.ts'
import { type Cluster, fetchGroupCommits, type GroupCommit, listOffsets, type Topic } from '../../kafka/index.ts'
import { PendingTable, Reason, type TableMemory } from '../../kernel/index.ts'
import { Accounting } from '../epochs/accounting.ts'
import { completedRecords } from '../deduplication/completed-runs.ts'
import { type CheckpointRecords, collectPending, manifestOf } from '../checkpoint/checkpoint-records.ts'
import { CheckpointWriter } from '../checkpoint/checkpoint-writer.ts'
import { addDigests } from '../checkpoint/digest.ts'
import type { EventTimes, Manifest } from '../checkpoint/manifest.ts'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { promotedBatches } from '../retention/promoted-batches.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { differences, shapeOf } from '../checkpoint/topology-shape.ts'
import type { ProgramIdentity } from '../checkpoint/manifest-writer.ts'
import { processingTime } from '../expiry/deadline-clock.ts'
import { type RecoveredState, stateOf } from './program-state.ts'
import type { RestorationBase } from './restoration.ts'
import { EventClock } from '../expiry/event-clock.ts'
import { lossError, lossOf, type PartitionLoss } from '../epochs/loss.ts'
import type { Logger } from '../logs/logger.ts'
import type { RunOptions } from '../options.ts'
import type { Plan } from '../topology/plan.ts'
import { RememberedKeys } from '../deduplication/remembered-keys.ts'
import { tellOfGrowth } from '../topics/source-growth.ts'

export interface LoadRequest {
  cluster: Cluster
  plan: Plan
  options: RunOptions
  source: Topic
  /** Topics of merged records, expired rows and dead letters. */
  outputs: readonly Topic[]
  /** Offsets behind the last records of the source. */
  logEnds: readonly number[]
  records: CheckpointRecords
  /** Where the table is to live. */
  tableMemory: TableMemory | undefined
  /** A table that may have most of what waits. */
  warmTable?: WarmTable | undefined
  logger: Logger
}

/** A table with all that waited when the epoch of its manifest had ended. */
export interface WarmTable {
  readonly table: PendingTable
  readonly manifest: Manifest
}

/**
 * Makes the state that a program goes on from: that of its last committed epoch, or an empty one at the start of the log
 * when there never was an epoch.
 *
 * @throws MillraceError `CHECKPOINT_MISSING`, `CHECKPOINT_CORRUPT`, `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED`,
 * `GROUP_FOREIGN`, `GROUP_OFFSETS_DIFFER`, `PENDING_LOST`; KafkaError `KAFKA_OFFSET_LOST`
 */
export async function loadState(request: LoadRequest): Promise<RecoveredState> {
  const { cluster, plan, source, records, logger } = request
  const manifest = manifestOf(records)
  const commits = await fetchGroupCommits(cluster, plan.name, source.name, source.partitions.length, {
    requireStable: true,
  })
  const logStarts = await listOffsets(cluster, source, 'earliest')
  if (manifest === undefined) {
    refuseCommits(plan, commits)
    logger.info({ app: plan.name, topic: source.name }, 'reading the source from the start of its log')
    return emptyState(request, logStarts)
  }
  checkProgram(plan, source, manifest)
  checkGroupOffsets(
    plan,
    manifest,
    commits.map((commit) => commit?.offset),
    logger,
  )
  const known = manifest.nextOffsets.length
  if (source.partitions.length > known) tellOfGrowth(logger, plan, source, known)
  const state = stateBehind(request, manifest, logStarts)
  logger.info({ app: plan.name, epoch: manifest.epoch, pending: manifest.pending }, 'going on from the checkpoint')
  return state
}

function emptyState(request: LoadRequest, logStarts: readonly number[]): RecoveredState {
  const { plan, source, outputs } = request
  const identity: ProgramIdentity = {
    ...descriptionOf(plan, outputs),
    sourceId: source.id,
    hashSeed: [systemRandom.nextUint32(), systemRandom.nextUint32()],
  }
  const table = tableOf(request, identity)
  const { memory } = plan.correlate
  const pending = new PendingOffsets(logStarts.length)
  const eventClock = eventClockOf(request, logStarts)
  return stateOf({
    identity,
    table,
    accounting: Accounting.from(logStarts),
    epoch: 0,
    pending,
    promoted: new PromotedParts(pending.sets),
    deltas: new CheckpointWriter(pending),
    eventClock,
    remembered: memory && new RememberedKeys(memory, table, eventClock ?? processingTime),
  })
}

/**
 * The state of a program at the end of an epoch that fits it.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`, `PENDING_LOST`; KafkaError `KAFKA_OFFSET_LOST`
 */
export function stateBehind(request: LoadRequest, manifest: Manifest, logStarts: readonly number[]): RecoveredState {
  const { plan, options, source, outputs, records, logger } = request
  const pending = new PendingOffsets(source.partitions.length)
  collectPending(records, manifest, pending.sets)
  const grown = withNewPartitions(manifest, logStarts)
  const { sourceId, hashSeed } = grown
  pending.startAt(grown.digest)
  const promoted = PromotedParts.after(records, pending.sets)
  const loss = lossOf({ pending, promoted }, grown.nextOffsets, logStarts)
  if (loss !== undefined) {
    if (!options.acceptLoss) throw lossError(source.name, loss, logStarts)
    logger.warn({ app: plan.name, loss: countsOf(loss) }, 'the source has lost records: going on without them')
  }
  const nextOffsets = grown.nextOffsets.map((offset, partition) => Math.max(offset, logStarts[partition]!))
  const warm = loss === undefined ? usableTable(request.warmTable, manifest) : undefined
  const base = warm && retainWaiting(warm, pending)
  const table = warm?.table ?? tableOf(request, grown)
  const { memory } = plan.correlate
  const eventClock = eventClockOf(request, nextOffsets, grown.eventTimes)
  const remembered = memory && new RememberedKeys(memory, table, eventClock ?? processingTime)
  if (manifest.completed !== undefined) remembered?.recall(records, manifest.completed)
  return stateOf({
    // No more than that of the last manifest goes into the next one.
    identity: { ...descriptionOf(plan, outputs, grown), sourceId, hashSeed },
    table,
    accounting: new Accounting(grown),
    epoch: grown.epoch,
    pending,
    promoted,
    promotedBatches: promotedBatches(records),
    deltas: CheckpointWriter.after(records, grown, pending, memory === undefined ? completedRecords(records) : []),
    eventClock,
    remembered,
    loss,
    base,
  })
}

/** A warm table that goes on to this manifest: of the same history, in which no single part was lost meanwhile. */
function usableTable(warm: WarmTable | undefined, { epoch, sourceId, hashSeed, totals }: Manifest) {
  if (warm === undefined || warm.manifest.epoch > epoch) return undefined
  const known = warm.manifest
  const isOfHistory =
    isDeepStrictEqual([known.sourceId, known.hashSeed], [sourceId, hashSeed]) &&
    totals.lost.every((count, partition) => count === (known.totals.lost[partition] ?? 0))
  return isOfHistory ? warm : undefined
}

/** Lets go what has left since; returns what is left. Parts leave with all of their row, and none from below these offsets is new. */
function retainWaiting({ table, manifest }: WarmTable, pending: PendingOffsets): RestorationBase {
  table.retain((partition, offset) => pending.sets[partition]!.has(offset))
  let count = manifest.pending
  const growth = table.epochChanges((_partition, _chunk, _bits, added) => (count += added))
  table.settle()
  return { count, digest: addDigests(manifest.digest, growth), nextOffsets: manifest.nextOffsets }
}

/** What a manifest says of the program itself, behind what it said before of where its output is. */
function descriptionOf(plan: Plan, topics: readonly Topic[], before?: Manifest) {
  const { expiry } = plan.correlate
  const present = [plan.sink.topic, ...(expiry?.topic === undefined ? [] : [expiry.topic])]
  const outputs = [...new Set([...(before?.outputs ?? []), ...present])]
  const outputIds = { ...Object.fromEntries(topics.map(({ name, id }) => [name, id])), ...before?.outputIds }
  return { topology: shapeOf(plan), outputs, outputIds, expiry }
}

/** Partitions that the source was given since the last epoch are read from offset 0: what is not there any more was never read. */
function withNewPartitions(manifest: Manifest, logStarts: readonly number[]): Manifest {
  const known = manifest.nextOffsets.length
  const none = logStarts.slice(known).map(() => 0)
  const totals = Object.fromEntries(
    Object.entries(manifest.totals).map(([name, counts]) => [name, [...counts, ...none]]),
  ) as unknown as Manifest['totals']
  return {
    ...manifest,
    totals,
    startOffsets: [...manifest.startOffsets, ...none],
    nextOffsets: [...manifest.nextOffsets, ...none],
    baseEpochs: [...manifest.baseEpochs, ...none],
    basePieces: [...manifest.basePieces, ...none],
    deltaPieces: [...manifest.deltaPieces, ...none],
  }
}

function tableOf({ plan, options, tableMemory }: LoadRequest, { hashSeed }: ProgramIdentity): PendingTable {
  return new PendingTable({
    sideCount: plan.sides.length,
    bytesMax: options.pendingBytesMax,
    hashSeed,
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
    completedReason: plan.correlate.memory && Reason.COMPLETED,
    memory: tableMemory,
  })
}

function eventClockOf(
  { plan, logEnds }: LoadRequest,
  nextOffsets: readonly number[],
  times?: EventTimes,
): EventClock | undefined {
  const { expiry, memory } = plan.correlate
  if ((expiry ?? memory)?.by !== 'eventTime') return undefined
  return new EventClock(
    nextOffsets.map((offset, partition) => offset < logEnds[partition]!),
    times,
  )
}

/** Without a checkpoint a group must not have committed anything. */
function refuseCommits({ name, source, checkpointTopic }: Plan, commits: readonly (GroupCommit | undefined)[]): void {
  const known = commits.filter((commit) => commit !== undefined)
  if (known.length === 0) return
  const facts = { app: name, topic: checkpointTopic }
  if (known.some(({ isOwn }) => isOwn)) {
    const what = `group "${name}" has committed offsets, but topic "${checkpointTopic}" has no checkpoint: it was deleted or emptied`
    throw new MillraceError('CHECKPOINT_MISSING', what, facts)
  }
  const what = `group "${name}" has offsets of topic "${source.topic}" that another consumer has committed, and never had a checkpoint`
  throw new MillraceError('GROUP_FOREIGN', what, { ...facts, source: source.topic })
}

/**
 * Fails unless a checkpoint fits the program and its source.
 *
 * @throws MillraceError `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED`
 */
export function checkProgram({ name, source, ...plan }: Plan, topic: Topic, manifest: Manifest): void {
  const changed = differences(manifest.topology, shapeOf({ name, source, ...plan }))
  if (topic.partitions.length < manifest.nextOffsets.length) {
    changed.push(`source had ${manifest.nextOffsets.length} partitions and has ${topic.partitions.length}`)
  }
  if (changed.length > 0) {
    throw new MillraceError(
      'CHECKPOINT_INCOMPATIBLE',
      `the checkpoint of "${name}" was written by another program: ${changed.join('; ')}`,
      { app: name, differences: changed.join('; ') },
    )
  }
  if (manifest.sourceId !== topic.id) {
    throw new MillraceError(
      'SOURCE_RECREATED',
      `topic "${topic.name}" is not the one that "${name}" has read so far: it was deleted and created again`,
      { app: name, topic: topic.name, was: manifest.sourceId, is: topic.id },
    )
  }
}

/**
 * The group's offsets are committed with the manifest; whoever changed them by hand wanted something that did not happen. Of
 * partitions that the manifest does not know there are none.
 */
function checkGroupOffsets(
  { name }: Plan,
  { nextOffsets }: Manifest,
  committed: readonly (number | undefined)[],
  logger: Logger,
): void {
  for (const [partition, offset] of committed.entries()) {
    const nextOffset = nextOffsets[partition] ?? 0
    if (offset === nextOffset) continue
    if (offset === undefined) {
      if (partition < nextOffsets.length)
        logger.warn({ app: name, partition }, 'the offset of the group has expired; the checkpoint has it')
      continue
    }
    throw new MillraceError(
      'GROUP_OFFSETS_DIFFER',
      `group "${name}" has offset ${offset} in partition ${partition}, the checkpoint has ${nextOffset}: somebody else has set it`,
      { app: name, partition, committed: offset, checkpoint: nextOffset },
    )
  }
}

/** Numbers of parts that waited and of offsets that were not read, in the partitions that lost some. */
function countsOf(loss: readonly PartitionLoss[]) {
  return loss
    .map(({ waiting, unread }, partition) => ({ partition, waiting: waiting.length, unread }))
    .filter(({ waiting, unread }) => waiting + unread > 0)
}
