import { type Cluster, createMissingTopics, type Topic } from '../../kafka/index.ts'

/** Brokers remove deleted records by whole segments. */
const segmentBytes = 64 << 20

/**
 * Finds the topic on the way to the next subtopology, and creates it where there is none. Neither time nor size removes
 * a record from it: that subtopology may be slow, or not run, for as long as it likes. What it needs no longer is
 * deleted (`InternalTopicCleaner`).
 *
 * @param sizes - What it has when it is created: as many partitions as the widest source, and room for what that takes.
 */
export async function findInternalTopic(
  cluster: Cluster,
  name: string,
  { partitionCount, batchBytesMax }: { readonly partitionCount: number; readonly batchBytesMax: number },
): Promise<Topic> {
  const configs = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'segment.bytes': String(segmentBytes),
    'max.message.bytes': String(batchBytesMax),
    'message.timestamp.type': 'CreateTime',
  }
  await createMissingTopics(cluster, [{ name, partitionCount, configs }])
  return cluster.topicWhenReady(name)
}
