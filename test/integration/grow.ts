import { listOffsets } from '../../src/kafka/index.ts'
import { atCluster } from './at-cluster.ts'
import type { Target } from './target.ts'

/** Gives a topic more partitions, and waits for their leaders. */
export async function grow(target: Target, topic: string, count: number): Promise<void> {
  await target.admin.createPartitions({ topicPartitions: [{ topic, count }] })
  await atCluster(target, async (cluster) => {
    let found = await cluster.topicWhenReady(topic)
    while (found.partitions.length < count) found = await cluster.topicWhenReady(topic)
    await listOffsets(cluster, found, 'latest')
  })
}
