/**
 * Recovery: what a process does that has become the active one, before its operators begin. The steps stand here in
 * their order, and nobody else knows it.
 */
import { MillraceError } from '../../core/errors.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { type CheckpointView, readAll } from '../checkpoint/checkpoint-view.ts'
import { LastEpoch } from '../checkpoint/last-epoch.ts'
import { epochLimits } from '../epochs/epoch-limits.ts'
import { EpochSchedule } from '../epochs/epoch-schedule.ts'
import { writeAttempts } from '../poison/attempt.ts'
import { CarefulMode } from '../poison/careful-mode.ts'
import { TaskNotes } from '../poison/task-notes.ts'
import type { Member } from '../runtime/kafka-ports.ts'
import { Lives } from '../runtime/life.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { areReadInShards, shardCountOf } from '../shards/fit.ts'
import { Shards } from '../shards/shards.ts'
import { tellOfGrowth } from '../topics/source-growth.ts'
import { isOwn } from '../tasks/tasks.ts'
import { checkpointSink, findSources, outputsOf, promotedBytesMax } from '../topics/program-topics.ts'
import { startText } from '../topology/start-position.ts'
import { type Compatibility, compatibilityOf, sourcesAfter } from './compatibility.ts'
import { fence } from './fence.ts'
import type { RecoveredState } from './program-state.ts'
import type { RecoveredSession } from './session.ts'
import type { SpareMemory } from './spare-memory.ts'
import { isNewSource, startOffsetsOf } from './start-offsets.ts'
import { firstState, stateAfter } from './state-after.ts'
import { findTasks, type TaskShare } from './task-share.ts'
import { findLogs, type Found } from './found.ts'
import { refuseElsewhere } from './layout-elsewhere.ts'
import type { WarmTable } from './warm-table.ts'

export interface RecoveryRequest {
  readonly services: KafkaServices
  /** Confirms this process as the owner. */
  readonly member: Member
  /** Where the table is to live. */
  readonly spareMemory: SpareMemory
  /** What this process has read while it stood by, or has of tasks that it goes on with. */
  readonly warmTable: WarmTable | undefined
  /** The tasks to go on with; absent where there is one, over all partitions. */
  readonly share?: TaskShare | undefined
}

export interface Recovered {
  readonly session: RecoveredSession
  /** Knows the last epoch that was found. */
  readonly lastEpoch: LastEpoch
}

/**
 * 1. Be the only process that writes; of tasks, their only owner.
 * 2. Read the checkpoint to its end: each epoch is there by now, or will never be.
 * 3. Ask for the sources, and the offsets of the group: after the checkpoint, which may know of partitions that came
 * while this process
 *    stood by.
 * 4. Judge whether program, sources, checkpoint and group fit one another.
 * 5. Make the state of the last epoch, or of a program that begins now: all but the pending parts, of which the table may have some.
 * 6. Note the start: a next process is to know where this one has died.
 *
 * Then the operators begin. The source reads the parts of `session.state.restoration` first, which compares their
 * number and digest with the checkpoint; the first epoch begins with that.
 *
 * @throws MillraceError `LAYOUT_DIFFERS`, `CHECKPOINT_MISSING`, `CHECKPOINT_CORRUPT`, `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED`,
 * `GROUP_FOREIGN`, `GROUP_OFFSETS_DIFFER`, `PENDING_LOST`, `START_POSITION_UNKNOWN`; KafkaError `KAFKA_OFFSET_LOST`, `TRANSACTION_FENCED`
 */
export async function recover(request: RecoveryRequest): Promise<Recovered> {
  const { services, member, share } = request
  // The transactional id of a member is that of one process, which has ended what it had begun by it.
  if (share === undefined) await fence(services, member)
  const last = lastState(request)
  const { checkpoint, found, compatibility, state } = await (share === undefined ? last : last.catch(ifOwner(member)))
  const careful = await noteStart(services, checkpoint, state)
  const session: RecoveredSession = {
    compatibility,
    state,
    sources: found.sources,
    endOffsets: found.logEnds,
    careful,
    schedule: new EpochSchedule(epochLimits(services.options, services.plan)),
    lives: new Lives(services),
    openStreaks: new Set(),
    shards: shardsOf(services, careful, state),
  }
  return { session, lastEpoch: lastEpochOf(services, checkpoint, state) }
}

/**
 * What a record does that kills the process, and what other keys come to, is looked at on the main thread, until the next
 * start.
 */
function shardsOf(
  services: KafkaServices,
  { isOn }: CarefulMode,
  { retaken, remembered }: RecoveredState,
): Shards | undefined {
  const { plan, topics, logger } = services
  const count = shardCountOf(services)
  if (count === 0) return undefined
  if (!isOn && !retaken.isDue) return new Shards(count, areReadInShards(plan, topics.areCompacted))
  const why = isOn ? 'processes have died before' : 'pending parts are taken in again under other keys'
  logger.warn({ app: plan.name, why }, 'the pending table is on the main thread until the next start')
  remembered?.takeIn()
  return undefined
}

/**
 * What was found says nothing where others have had the tasks meanwhile and have gone on with them, in a process that was
 * stopped for longer than its session.
 */
function ifOwner(member: Member): (error: unknown) => Promise<never> {
  return async (error) => {
    if (MillraceError.is(error) && !error.retryable) await member(await member())
    throw error
  }
}

/** Steps 2 to 5 of a recovery. */
export async function lastState(request: Omit<RecoveryRequest, 'member'>) {
  const { services, share } = request
  const checkpoint = share?.checkpoint ?? (await readWhole(services))
  const found = await (share === undefined ? find(services, checkpoint) : findTasks(services, share))
  const compatibility = judge(services, found)
  const state = await stateOn(request, checkpoint, found)
  return { checkpoint, found, compatibility, state }
}

async function readWhole({ cluster, topics }: KafkaServices): Promise<CheckpointView> {
  return readAll(cluster, topics.sinks[checkpointSink]!)
}

async function find(services: KafkaServices, { records }: CheckpointView): Promise<Found> {
  const { cluster, plan } = services
  const manifest = manifestOf(records)
  if (manifest === undefined) await refuseElsewhere(cluster, plan)
  const sources = sourcesAfter(plan, await findSources(cluster, plan), manifest)
  return { manifest, sources, ...(await findLogs(services, sources)) }
}

function judge({ plan, logger }: KafkaServices, found: Found): Compatibility {
  const verdict = compatibilityOf(plan, found)
  if (verdict.kind === 'refused') throw verdict.error
  if (verdict.kind === 'first start') {
    for (const { topic, from } of plan.sources) {
      if (from === 'earliest') logger.info({ app: plan.name, topic }, 'reading the source from the start of its log')
    }
    return verdict
  }
  const { manifest } = found
  const { topics, partitions } = found.sources
  for (const number of verdict.expiredOffsets) {
    // Nothing is consumed of what a task has not read yet.
    const isOfTask = found.tasks === undefined || (isOwn(found.tasks, number) && manifest!.nextOffsets[number] !== 0)
    if (!isOfTask) continue
    const facts = { app: plan.name, ...partitions.placeOf(number) }
    logger.warn(facts, 'the offset of the group has expired; the checkpoint has it')
  }
  tellOfGrowth(logger, plan, topics, verdict.knownPartitions)
  return verdict
}

async function stateOn(
  { services, spareMemory, warmTable }: Omit<RecoveryRequest, 'member'>,
  checkpoint: CheckpointView,
  found: Found,
): Promise<RecoveredState> {
  const { cluster, plan, options, topics, logger, tracing } = services
  const { manifest, sources, logStarts, logEnds } = found
  const { records, promotedPlaces, tables } = checkpoint
  const outputs = outputsOf(topics)
  const startOffsets = found.startOffsets ?? (await startOffsetsOf(cluster, plan, found, options))
  tellOfStart(services, found, startOffsets)
  const request = {
    plan,
    options,
    sources,
    outputs,
    startOffsets,
    logStarts,
    logEnds,
    records,
    tables,
    promotedPlaces,
    spareMemory,
    warmTable,
    logger,
    tracing,
    recordsOfParts: topics.recordsOfParts,
    tableRowBytesMax: promotedBytesMax(topics),
    areInShards: shardCountOf(services) > 0,
    ...(found.tasks && { tasks: found.tasks }),
  }
  if (manifest === undefined) return firstState(request)
  const state = stateAfter(request, manifest)
  logger.info({ app: plan.name, epoch: manifest.epoch, pending: manifest.pending }, 'going on from the checkpoint')
  return state
}

/** Of sources that are read for the first time, and not from the start of their logs. */
function tellOfStart(
  { plan, logger }: KafkaServices,
  { manifest, sources }: Found,
  startOffsets: readonly number[],
): void {
  const bySource = sources.partitions.bySource(startOffsets)
  for (const [number, source] of plan.sources.entries()) {
    const { topic, from } = source
    if (from === 'earliest' || !isNewSource(manifest, source)) continue
    const facts = { app: plan.name, topic, from: startText(from), offsets: bySource[number]! }
    logger.info(facts, 'reading the source from its start position, which the first epoch fixes')
  }
}

async function noteStart(
  { cluster, plan, options, logger }: KafkaServices,
  { records }: CheckpointView,
  { epochs, tasks }: RecoveredState,
): Promise<CarefulMode> {
  const notes = new TaskNotes(tasks, records, epochs.committed)
  const careful = await CarefulMode.begin({
    last: notes.last,
    epoch: epochs.committed,
    attemptsMax: options.processAttempts,
    note: (attempt) => writeAttempts(cluster, plan.checkpointTopic, notes.of(attempt)),
  })
  const { isOn, starts, suspect } = careful
  if (isOn)
    logger.warn(
      { app: plan.name, starts, ...(suspect && { suspect }) },
      'processes have died before an epoch had committed: records are worked on in pieces until the one is found that kills',
    )
  return careful
}

function lastEpochOf(
  { cluster, topics }: KafkaServices,
  { reached }: CheckpointView,
  { epochs, tasks }: RecoveredState,
) {
  return new LastEpoch(cluster, topics.sinks[checkpointSink]!, reached, epochs.committed, tasks)
}
