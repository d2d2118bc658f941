import { MillraceError, KafkaError } from '../../core/errors.ts'
import { type Cluster, createMissingTopics, setTopicConfigs, type Topic, topicConfigs } from '../../kafka/index.ts'

/** Keys of the records in a checkpoint topic; the last record of a key counts, and one without a value deletes it. */
export const manifestKey = 'manifest'
export const attemptKey = 'attempt'

/** What each task has of its own; that of the first one has the key that it has in the topic. */
export const ofTask = [manifestKey, attemptKey]

/** Under which key a record of a partition of the topic is found among those of all. */
export function keyIn(partition: number, key: string): string {
  return partition === 0 || !ofTask.includes(key) ? key : `${key}/${partition}`
}
/** Never has a value: see `time/broker-time.ts`. */
export const clockKey = 'clock'

/**
 * Puts a record into the topic; one without a value deletes that of the same key. One whose key tells its task stands
 * with the checkpoint of that, else `task` says where. @defaultValue the first one
 */
export type PutRecord = (key: string, value: Uint8Array | undefined, task?: number) => void

export function baseKey(partition: number, piece: number): string {
  return `${basePrefix}${partition}/${piece}`
}

const basePrefix = 'base/'

export function deltaKey(partition: number, epoch: number, piece: number): string {
  return `${deltaPrefix}${partition}/${epoch}/${piece}`
}

export const deltaPrefix = 'delta/'

/** Of a promoted part. */
export function partKey(partition: number, offset: number): string {
  return `${partPrefix}${partition}/${offset}`
}

const partPrefix = 'part/'

/** Where the promoted part is that has this key; undefined for other keys. */
export function placeOfPart(key: string): { readonly partition: number; readonly offset: number } | undefined {
  if (!key.startsWith(partPrefix)) return undefined
  const [partition, offset] = key.slice(partPrefix.length).split('/').map(Number) as [number, number]
  return { partition, offset }
}

/**
 * The task that a record with this key is of; undefined for those of which the key does not tell.
 *
 * @param taskOf - That of a source partition, by its number.
 */
export function taskOfKey(key: string, taskOf: (number: number) => number): number | undefined {
  const completed = placeOfCompleted(key)
  if (completed !== undefined) return completed.task
  const prefix = ofPartitions.find((each) => key.startsWith(each))
  if (prefix === undefined) return undefined
  return taskOf(Number(key.slice(prefix.length, key.indexOf('/', prefix.length))))
}

/** Of completed keys of a task. @param from - Number of the first one that the record names. */
export function completedKey(task: number, from: number): string {
  return task === 0 ? `${completedPrefix}${from}` : `${completedPrefix}${task}/${from}`
}

/** Which ones a record with this key names; undefined for other keys. */
export function placeOfCompleted(key: string): { readonly task: number; readonly from: number } | undefined {
  if (!key.startsWith(completedPrefix)) return undefined
  const numbers = key.slice(completedPrefix.length).split('/').map(Number)
  return { task: numbers.length === 1 ? 0 : numbers[0]!, from: numbers.at(-1)! }
}

const completedPrefix = 'completed/'

/** @param key - The bytes of the row's key as Latin-1. */
export function tableRowKey(table: string, key: string): string {
  return `${tablePrefix}${table}/${key}`
}

/** With which the keys of all rows of tables begin. */
export const tablePrefix = 'table/'

const ofPartitions = [basePrefix, deltaPrefix, partPrefix]
const prefixes = [...ofPartitions, completedPrefix, tablePrefix]

/** Whether a record means something only together with the manifest that follows it. */
export function belongsToManifest(key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix))
}

/**
 * The broker compacts no segment that it still writes to, and a start reads what is not compacted: 1 GiB by default.
 */
const segmentBytes = 64 << 20

/** Records are stamped by the broker: so it refuses none for a clock that is wrong, and tells what time it is. */
const stamped = { 'message.timestamp.type': 'LogAppendTime' }

/**
 * Finds the topic of an application's checkpoint, and creates it where there is none.
 *
 * @param partitionCount - One for each task.
 * @param batchBytesMax - Bytes of the largest record batch that it has to take: when it is created, and at least.
 * @throws MillraceError `CHECKPOINT_TOPIC_INVALID` for one that would lose the checkpoint, split it, or refuse it.
 */
export async function findCheckpointTopic(
  cluster: Cluster,
  name: string,
  partitionCount: number,
  batchBytesMax: { readonly created: number; readonly least: number },
): Promise<Topic> {
  const configs = {
    'cleanup.policy': 'compact',
    'segment.bytes': String(segmentBytes),
    'max.message.bytes': String(batchBytesMax.created),
    ...stamped,
  }
  await createMissingTopics(cluster, [{ name, partitionCount, configs }])
  const topic = await cluster.topicWhenReady(name)
  const [policy, bytesMax] = await topicConfigs(cluster, name, 'cleanup.policy', 'max.message.bytes')
  if (topic.partitions.length !== partitionCount || policy !== 'compact') {
    throw new MillraceError(
      'CHECKPOINT_TOPIC_INVALID',
      `topic "${name}" has ${topic.partitions.length} partitions and cleanup.policy=${policy}; a checkpoint needs ${partitionCount === 1 ? '1 partition' : `${partitionCount} partitions`} and cleanup.policy=compact`,
      { topic: name, partitions: topic.partitions.length, policy: policy ?? null },
    )
  }
  if (Number(bytesMax) < batchBytesMax.least) {
    throw new MillraceError(
      'CHECKPOINT_TOPIC_INVALID',
      `topic "${name}" has max.message.bytes=${bytesMax}; the manifest of an epoch may take ${batchBytesMax.least}`,
      { topic: name, batchBytesMax: Number(bytesMax), least: batchBytesMax.least },
    )
  }
  return topic
}

/**
 * Has the broker stamp the records of a checkpoint topic that was not created so; false where it does not let this
 * client.
 */
export async function haveStamped(cluster: Cluster, name: string): Promise<boolean> {
  try {
    await setTopicConfigs(cluster, name, stamped)
    return true
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'KAFKA_REFUSED') return false
    throw error
  }
}
