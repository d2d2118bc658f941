import { sleep, systemClock } from '../core/clock.ts'
import { type Cluster, listOffsets } from '../kafka/index.ts'

const pollMs = 5
const readableMsMax = 5_000

/**
 * Waits until what a topic holds can be read with `read_committed`, a moment after its transactions were acknowledged;
 * how long that took, in milliseconds. Another program's open transaction is not waited for longer than
 * `readableMsMax`.
 */
export async function untilReadable(cluster: Cluster, name: string): Promise<number> {
  const startMs = systemClock.monotonicMs()
  const topic = await cluster.topicWhenReady(name)
  const ends = await listOffsets(cluster, topic, 'latest', 'read_uncommitted')
  for (;;) {
    const stable = await listOffsets(cluster, topic, 'latest')
    const tookMs = systemClock.monotonicMs() - startMs
    if (stable.every((offset, partition) => offset >= ends[partition]!) || tookMs >= readableMsMax) return tookMs
    await sleep(systemClock, pollMs)
  }
}
