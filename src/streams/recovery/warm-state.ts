import { listOffsets } from '../../kafka/index.ts'
import type { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { isRetaken, migrationOf } from '../checkpoint/migration.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { findSources, outputsOf } from '../topics/program-topics.ts'
import type { Sources } from '../topics/sources.ts'
import type { Plan } from '../topology/plan.ts'
import { incompatibility, sourcesAfter } from './compatibility.ts'
import type { RecoveredState } from './program-state.ts'
import { isNewSource } from './start-offsets.ts'
import type { SpareMemory } from './spare-memory.ts'
import { mayBeRetained, stateAfter, tableOf } from './state-after.ts'
import { findTasks, lookAtTasks, type OthersTasks, type TaskShare } from './task-share.ts'
import { copyOfTasks, type WarmTable } from './warm-table.ts'

export interface WarmRequest {
  readonly services: KafkaServices
  /** What the checkpoint says, and the manifest in it. */
  readonly checkpoint: CheckpointView
  readonly manifest: Manifest
  /** A table as of an earlier epoch. */
  readonly warmTable: WarmTable | undefined
  /** Where a new table is to live. */
  readonly spareMemory: SpareMemory
}

/**
 * A state whose table has what an earlier one had, and is still pending; the rest is to be restored from these
 * sources.
 */
export interface WarmState {
  readonly state: RecoveredState
  readonly sources: Sources
}

/**
 * Makes the state of an epoch in a process that stands by: as `recover` does, but nothing is fenced, compared with the
 * group or noted.
 *
 * @returns Undefined where the checkpoint is of another program, or of a version in which pending parts have other keys:
 *   only an epoch can take them in again.
 * @throws MillraceError `CHECKPOINT_CORRUPT`, `PENDING_LOST`; KafkaError
 */
export async function warmState(request: WarmRequest): Promise<WarmState | undefined> {
  const { services, checkpoint, manifest, warmTable, spareMemory } = request
  const { cluster, plan } = services
  const found = await findSources(cluster, plan)
  if (incompatibility(plan, found, manifest) !== undefined) return undefined
  if (isRetaken(migrationOf(manifest, shapeOf(plan)).migrations)) return undefined
  const sources = sourcesAfter(plan, found, manifest)
  const { topics: sourceTopics, partitions } = sources
  const startsOf = (source: number, offsets: number[]) =>
    source < plan.sources.length && isNewSource(manifest, plan.sources[source]!) ? offsets : offsets.map(() => 0)
  const logStarts = await Promise.all(sourceTopics.map((topic) => listOffsets(cluster, topic, 'earliest')))
  const state = stateAfter(
    {
      ...apart(services, checkpoint, sources),
      logStarts: partitions.byNumber(logStarts, 0),
      // Where a further source begins is asked by the process that takes over; nothing of it is pending.
      startOffsets: partitions.byNumber(
        logStarts.map((offsets, source) => startsOf(source, offsets)),
        0,
      ),
      spareMemory,
      warmTable,
    },
    manifest,
  )
  return { state, sources }
}

/** Where that of the member is in use. */
const ownMemory = { take: () => undefined }

/**
 * The same of tasks that a member has been given while it works on others, after all has ended that others have begun
 * of them.
 *
 * @param warmTable - What it has of them as of an earlier epoch.
 * @returns The state and its description as a table once it is restored; undefined where nothing can be read ahead.
 * @throws MillraceError `CHECKPOINT_CORRUPT`, `CHECKPOINT_INCOMPATIBLE`, `PENDING_LOST`; KafkaError
 */
export async function warmTasks(
  services: KafkaServices,
  share: TaskShare,
  warmTable: WarmTable | undefined,
): Promise<(WarmState & { readonly warmTable: WarmTable }) | undefined> {
  const { manifest, sources, logStarts, startOffsets = [], tasks } = await findTasks(services, share)
  if (manifest === undefined || !mayBeRetained(services.plan)) return undefined
  const request = {
    ...apart(services, share.checkpoint, sources),
    logStarts,
    startOffsets,
    spareMemory: ownMemory,
    warmTable,
    ...(tasks && { tasks }),
  }
  const state = stateAfter(request, manifest)
  return { state, sources, warmTable: { table: state.table, manifest, digests: [...state.pending.digests] } }
}

/** The state of copies, and what is known of their tasks. */
export interface WarmCopies extends WarmState {
  readonly found: OthersTasks
}

/**
 * The same of tasks that others work on, as of the last epoch of each.
 *
 * @param warmTable - What there is of some of them as of an earlier one.
 * @returns Undefined where none of them has an epoch.
 * @throws MillraceError `CHECKPOINT_CORRUPT`, `CHECKPOINT_INCOMPATIBLE`, `PENDING_LOST`; KafkaError
 */
export async function warmCopies(
  services: KafkaServices,
  share: Pick<TaskShare, 'own' | 'checkpoint'>,
  warmTable: WarmTable | undefined,
): Promise<WarmCopies | undefined> {
  const found = await lookAtTasks(services, share)
  if (found === undefined) return undefined
  const { manifest, sources, logStarts, tasks } = found
  const request = {
    ...apart(services, share.checkpoint, sources),
    logStarts,
    startOffsets: [],
    spareMemory: ownMemory,
    warmTable,
    tasks,
  }
  return { state: stateAfter(request, manifest), sources, found }
}

/** Whether there is anything to keep of the tasks of a program that is not read again each time. */
export function mayBeCopied(plan: Plan): boolean {
  // Of parts that are only routed nothing is pending.
  return plan.layout === 'keyed' && mayBeRetained(plan)
}

/** A copy of what a table has of some of the tasks of which it has copies. */
export function copyOf(
  { plan, options, tracing }: KafkaServices,
  { manifests, sources, tasks }: OthersTasks,
  warmTable: WarmTable,
  own: readonly number[],
): WarmTable {
  const pending = manifests.reduce((sum, { task, pending: of }) => sum + (own.includes(task!.number) ? of : 0), 0)
  const empty = tableOf({ plan, options, spareMemory: ownMemory, tracing, tasks }, tasks)
  return copyOfTasks(plan, sources.partitions, warmTable, { own, pending, taskOf: tasks.taskOf }, empty)
}

/** What such a state is made from, of any tasks. */
function apart(
  { plan, options, topics, logger, tracing }: KafkaServices,
  { records, promotedPlaces }: CheckpointView,
  sources: Sources,
) {
  return {
    plan,
    // What is lost is accepted by the recovery of whoever takes over, which goes on without this table.
    options: { ...options, acceptLoss: false },
    sources,
    outputs: outputsOf(topics),
    logEnds: [],
    records,
    promotedPlaces,
    logger,
    tracing,
    recordsOfParts: topics.recordsOfParts,
  }
}
