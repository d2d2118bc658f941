/**
 * The tasks of a member where several members are at work: what is read and asked of Kafka before it goes on with them.
 */
import { listOffsets, type Topic, topicRange } from '../../kafka/index.ts'
import type { CompletedCounts } from '../../kernel/index.ts'
import { manifestsOf } from '../checkpoint/checkpoint-records.ts'
import type { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { emptyDigest } from '../checkpoint/digest.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { joinedManifest, noTime } from '../tasks/task-manifests.ts'
import { ofOwn, type Tasks } from '../tasks/tasks.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import { ofPartitions } from '../topics/topic-ranges.ts'
import { type Sources, sourcesOf } from '../topics/sources.ts'
import type { Plan } from '../topology/plan.ts'
import { goByEventTime } from '../topology/plan-leaving.ts'
import { emptyManifest } from './empty-manifest.ts'
import { asNobody, fence } from './fence.ts'
import { findLogs, type Found } from './found.ts'
import { lastWriters } from './last-writers.ts'
import { refuseElsewhere } from './layout-elsewhere.ts'
import { startOffsetsOf } from './start-offsets.ts'
import type { TasksToRestore } from './state-after.ts'
import { taskIncompatibility } from './task-compatibility.ts'

/** What a member brings to go on with tasks. */
export interface TaskShare {
  readonly own: readonly number[]
  /** Its transactional id, which no other member has, and no other life of its process. */
  readonly writer: string
  /** What it has read of checkpoints. */
  readonly checkpoint: CheckpointView
  /** Whether a transactional id is of somebody who is a member at this moment. */
  readonly isMember: (writer: string) => Promise<boolean>
  /** Those who are not, and whose transactions have been ended since these tasks are the member's. */
  readonly ended: Set<string>
}

/**
 * Finds all that is to be known of these tasks.
 *
 * 1. End the transactions of those who had them before and are no members any more: they are dead, or will be told so.
 *    Nobody else would end them before `transactionTimeoutMs`. Each member notes with the checkpoint of a task that it
 *    has begun, before it writes anything, so the last one is known.
 * 2. Ask for what the group has committed, when no open transaction may change it. Who has lost the tasks is refused from
 *    now on when it commits offsets of them, and so each epoch of the tasks that may ever commit is written by now.
 * 3. Read the checkpoints to their ends.
 *
 * @throws MillraceError `CHECKPOINT_INCOMPATIBLE` where another version of the program has worked on one of them,
 * `LAYOUT_DIFFERS`.
 */
export async function findTasks(services: KafkaServices, share: TaskShare): Promise<Found> {
  const { cluster, plan, options, topics } = services
  const { own, writer, checkpoint } = share
  const topic = topics.sinks[checkpointSink]!
  const sources = sourcesOf(plan, await findSources(cluster, plan))
  const tasks: Tasks = { ...tasksIn(topic, sources, own), writer }
  checkpoint.forgetAllBut(own, tasks.taskOf)
  await readOnCommitted(services, share)
  await endLastWriters(services, share)
  const logs = await findLogs(services, sources, (partition) => own.includes(partition % topic.partitions.length))
  await checkpoint.readOn(cluster, topic, ofPartitions(await topicRange(cluster, topic), own), true)
  checkpoint.promotedPlaces.own = own

  const manifests = fittingManifests(plan, sources, share)
  const logStarts = ofOwn(tasks, logs.logStarts, 0)
  const logEnds = ofOwn(tasks, logs.logEnds, 0)
  const known = new Set(manifests.map(({ task }) => task!.number))
  const newTasks = new Set(own.filter((task) => !known.has(task)))
  if (manifests.length === 0) await refuseElsewhere(cluster, plan)
  const starts =
    newTasks.size === 0
      ? logStarts
      : await startOffsetsOf(cluster, plan, { manifest: undefined, sources, logStarts, logEnds }, options)
  const startOffsets = starts.map((offset, number) => (newTasks.has(tasks.taskOf(number)) ? offset : 0))
  const toRestore = { ...tasksToRestore(topic, tasks, manifests), areSomeNew: newTasks.size > 0 }
  return {
    manifest:
      manifests.length === 0
        ? undefined
        : joinedManifest(manifests, {
            ...nothingOf(services, sources, startOffsets, toRestore.hashSeed),
            ...(newTasks.size > 0 && goByEventTime(plan.correlate) && { eventTimes: noTime }),
          }),
    sources,
    commits: ofOwn(tasks, logs.commits, undefined),
    logStarts,
    logEnds,
    startOffsets,
    tasks: toRestore,
  }
}

/** What is known of tasks that others work on, as of the last epoch of each. */
export interface OthersTasks {
  /** Of those that have an epoch. */
  readonly manifests: readonly Manifest[]
  /** The same as one. */
  readonly manifest: Manifest
  readonly sources: Sources
  /** Offsets of the first records of their sources, by number of the partition; 0 of others. */
  readonly logStarts: readonly number[]
  readonly tasks: TasksToRestore
}

/**
 * Looks at tasks that others work on: nothing is ended, and no open transaction is waited for.
 *
 * @returns Undefined where none of them has an epoch.
 * @throws MillraceError `CHECKPOINT_INCOMPATIBLE`, `LAYOUT_DIFFERS`
 */
export async function lookAtTasks(
  services: KafkaServices,
  { own, checkpoint }: Pick<TaskShare, 'own' | 'checkpoint'>,
): Promise<OthersTasks | undefined> {
  const { cluster, plan, topics } = services
  const topic = topics.sinks[checkpointSink]!
  const sources = sourcesOf(plan, await findSources(cluster, plan))
  const tasks = tasksIn(topic, sources, own)
  checkpoint.forgetAllBut(own, tasks.taskOf)
  // Before the checkpoint: what no epoch needs any more is deleted from internal topics.
  const logStarts = await Promise.all(sources.topics.map((source) => listOffsets(cluster, source, 'earliest')))
  await readOnCommitted(services, { own, checkpoint })
  checkpoint.promotedPlaces.own = own
  const manifests = fittingManifests(plan, sources, { own, checkpoint })
  if (manifests.length === 0) return undefined
  const toRestore = { ...tasksToRestore(topic, tasks, manifests), areSomeNew: false }
  const none = sources.partitions.list.map(() => 0)
  return {
    manifests,
    manifest: joinedManifest(manifests, nothingOf(services, sources, none, toRestore.hashSeed)),
    sources,
    logStarts: ofOwn(tasks, sources.partitions.byNumber(logStarts, 0), 0),
    tasks: toRestore,
  }
}

function tasksIn(topic: Topic, { partitions }: Sources, own: readonly number[]): Tasks {
  return { count: topic.partitions.length, own, taskOf: (number) => partitions.taskOf(number) }
}

/** @throws MillraceError where the program cannot go on with one of them. */
function fittingManifests(plan: Plan, sources: Sources, { own, checkpoint }: Pick<TaskShare, 'own' | 'checkpoint'>) {
  const manifests = manifestsOf(checkpoint.records, own)
  for (const manifest of manifests) {
    const error = taskIncompatibility(plan, sources, manifest)
    if (error !== undefined) throw error
  }
  return manifests
}

function tasksToRestore({ id }: Topic, tasks: Tasks, manifests: readonly Manifest[]) {
  const digests = Array.from({ length: tasks.count }, () => emptyDigest)
  const completed: (CompletedCounts | undefined)[] = []
  for (const manifest of manifests) {
    const { number } = manifest.task!
    digests[number] = manifest.digest
    completed[number] = manifest.completed
  }
  return { ...tasks, digests, completed, hashSeed: seedOf(id) }
}

/** Reads on the checkpoints of tasks as far as they are committed, so that a recovery has little left to read. */
export async function readOnCommitted(
  { cluster, topics }: KafkaServices,
  { own, checkpoint }: Pick<TaskShare, 'own' | 'checkpoint'>,
): Promise<void> {
  const topic = topics.sinks[checkpointSink]!
  const committed = await topicRange(cluster, topic, 'read_committed')
  await checkpoint.readOn(cluster, topic, ofPartitions(committed, own), true)
}

async function endLastWriters(services: KafkaServices, { own, writer, checkpoint, isMember, ended }: TaskShare) {
  const writers = lastWriters(checkpoint.records, own)
  writers.delete(writer)
  for (const last of writers) {
    if (ended.has(last) || (await isMember(last))) continue
    // It is the transaction of nobody: its offsets are refused.
    await fence(services, asNobody, last)
    ended.add(last)
  }
}

/** All members hash keys with one seed, so that the digests of a task are the same with each of them. */
export function seedOf(topicId: string): Manifest['hashSeed'] {
  const hex = Buffer.from(topicId.replaceAll('-', ''), 'hex')
  return [hex.readUInt32LE(0), hex.readUInt32LE(12)]
}

/** What stands in a joined manifest of what no task of the member has. */
function nothingOf(
  { plan }: KafkaServices,
  sources: Sources,
  nextOffsets: readonly number[],
  hashSeed: Manifest['hashSeed'],
): Manifest {
  const { expiry } = plan.correlate
  const beginning = { epoch: 0, closedMs: 0, nextOffsets, hashSeed }
  return emptyManifest(sources, { ...beginning, topology: shapeOf(plan), outputs: [], expiry })
}
