import type { Topic } from '../cluster/topic.ts'
import type { OutgoingBatch, PartitionQueue } from './partition-queue.ts'
import type { ProduceTopic } from './produce-protocol.ts'

/** A batch that goes with a request, and where it belongs. */
export interface SentBatch {
  readonly queue: PartitionQueue
  readonly outgoing: OutgoingBatch
}

/** Record batches in one request, in bytes; a single larger one is sent alone. */
const requestBytesMax = 4 << 20

/** Takes what goes into one request to a leader: the next batch of each partition, as long as there is room. */
export function takeBatches(queues: readonly PartitionQueue[]): SentBatch[] {
  const sent: SentBatch[] = []
  let bytes = 0
  for (const queue of queues) {
    const { next } = queue
    if (next === undefined) continue
    if (bytes > 0 && bytes + next.batch.position > requestBytesMax) continue
    sent.push({ queue, outgoing: queue.take() })
    bytes += next.batch.position
  }
  return sent
}

/** The batches by topic, as the protocol has them. */
export function byTopic(
  sent: readonly SentBatch[],
  topics: readonly Topic[],
  seal: (outgoing: OutgoingBatch) => Buffer,
): ProduceTopic[] {
  const bySink = Map.groupBy(sent, ({ queue }) => queue.sink)
  return Array.from(bySink, ([sink, batches]) => ({
    name: topics[sink]!.name,
    partitionData: batches.map(({ queue, outgoing }) => ({ index: queue.partition, records: [seal(outgoing)] })),
  }))
}
