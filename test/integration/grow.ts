import { listOffsets } from '../../src/kafka/index.ts'
import { atCluster } from './at-cluster.ts'
import type { Target } from './target.ts'
import { until } from '../until.ts'

/** Gives a topic more partitions, and waits for their leaders. */
export async function grow(target: Target, topic: string, count: number): Promise<void> {
  await target.admin.createPartitions({ topicPartitions: [{ topic, count }] })
  await atCluster(target, async (cluster) => {
    const found = await until('the topic has the partitions', async () => {
      const asked = await cluster.topicWhenReady(topic)
      return asked.partitions.length >= count && asked
    })
    await listOffsets(cluster, found, 'latest')
  })
}
