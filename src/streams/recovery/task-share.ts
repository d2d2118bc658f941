/**
 * The tasks of a member where several members are at work: what is read and asked of Kafka before it goes on with them.
 */
import { topicRange } from '../../kafka/index.ts'
import { manifestsOf } from '../checkpoint/checkpoint-records.ts'
import type { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { emptyDigest } from '../checkpoint/digest.ts'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { Accounting } from '../epochs/accounting.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { joinedManifest } from '../tasks/task-manifests.ts'
import { ofOwn, type Tasks } from '../tasks/tasks.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import { ofPartitions } from '../topics/topic-ranges.ts'
import { type Sources, sourcesOf } from '../topics/sources.ts'
import { asNobody, fence } from './fence.ts'
import { findLogs, type Found } from './found.ts'
import { lastWriters } from './last-writers.ts'
import { refuseElsewhere } from './layout-elsewhere.ts'
import { startOffsetsOf } from './start-offsets.ts'
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
  const taskOf = (number: number) => sources.partitions.partitionOf(number)
  checkpoint.forgetAllBut(own, taskOf)
  const committed = await topicRange(cluster, topic, 'read_committed')
  await checkpoint.readOn(cluster, topic, ofPartitions(committed, own), true)
  await endLastWriters(services, share)
  const logs = await findLogs(services, sources, own)
  await checkpoint.readOn(cluster, topic, ofPartitions(await topicRange(cluster, topic), own), true)
  checkpoint.promotedPlaces.own = own

  const tasks: Tasks = {
    count: topic.partitions.length,
    own,
    taskOf,
    writer,
  }
  const manifests = manifestsOf(checkpoint.records, own)
  for (const manifest of manifests) {
    const error = taskIncompatibility(plan, sources, manifest)
    if (error !== undefined) throw error
  }
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
  const hashSeed = seedOf(topic.id)
  const digests = Array.from({ length: tasks.count }, () => emptyDigest)
  for (const { task, digest } of manifests) digests[task!.number] = digest
  return {
    manifest:
      manifests.length === 0
        ? undefined
        : joinedManifest(manifests, nothingOf(services, sources, startOffsets, hashSeed)),
    sources,
    commits: ofOwn(tasks, logs.commits, undefined),
    logStarts,
    logEnds,
    startOffsets,
    tasks: { ...tasks, digests, hashSeed, areSomeNew: newTasks.size > 0 },
  }
}

/** Reads on what a member itself has written of its tasks, so that a recovery has little left to read. */
export async function readOnOwn({ cluster, topics }: KafkaServices, { own, checkpoint }: TaskShare): Promise<void> {
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
  { ids, partitions }: Sources,
  startOffsets: readonly number[],
  hashSeed: Manifest['hashSeed'],
): Manifest {
  const none = startOffsets.map(() => 0)
  return {
    format: manifestFormat,
    epoch: 0,
    closedMs: 0,
    topology: shapeOf(plan),
    outputs: [],
    expiry: plan.correlate.expiry,
    sourceIds: ids,
    partitions: partitions.list,
    ...Accounting.from(startOffsets).snapshot(),
    pending: 0,
    digest: emptyDigest,
    hashSeed,
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
  }
}
