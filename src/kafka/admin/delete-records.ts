import { apis } from '../network/apis.ts'
import { accepted } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { withRetries } from '../cluster/retry.ts'
import { byLeader } from './by-leader.ts'

const timeoutMs = 30_000

/**
 * Deletes the records of a topic before some offsets, one for each partition. A log that begins there or later stays as
 * it is; its segments go when all their records have gone.
 */
export function deleteRecords(cluster: Cluster, topic: string, offsets: readonly number[]): Promise<void> {
  const what = `deleting records of topic "${topic}"`
  return withRetries(cluster.retryPolicy, what, async () => {
    const [current] = await cluster.topicsOnce([topic])
    for (const [leader, led] of byLeader(current!)) {
      const partitions = led
        .filter((partition) => (offsets[partition] ?? 0) > 0)
        .map((partitionIndex) => ({ partitionIndex, offset: offsets[partitionIndex]! }))
      if (partitions.length === 0) continue
      const connection = await cluster.connection(leader, 'admin')
      const response = await connection.ask(apis.deleteRecords, { topics: [{ name: topic, partitions }], timeoutMs })
      accepted(response, what)
    }
  })
}
