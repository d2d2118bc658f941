import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OutputBatch } from '../../kernel/index.ts'
import type { Topic } from '../cluster/topic.ts'
import { PartitionQueue } from './partition-queue.ts'
import { byTopic, takeBatches } from './request-batches.ts'

describe('takeBatches', () => {
  it('takes the next batch of each partition that has one', () => {
    const queues = [queueOf(0, 0, [10, 10]), queueOf(0, 1, []), queueOf(1, 0, [10])]

    const sent = takeBatches(queues)

    assert.deepEqual(placesOf(sent), ['0 0', '1 0'])
    assert.deepEqual(placesOf(takeBatches(queues)), [])
  })

  it('leaves out what would make the request too large, and sends alone what is larger than any request', () => {
    const [three, two, five] = [queueOf(0, 0, [3 << 20]), queueOf(0, 1, [2 << 20]), queueOf(0, 2, [5 << 20])]
    const one = queueOf(0, 3, [1 << 20])

    assert.deepEqual(placesOf(takeBatches([three, two, five, one])), ['0 0', '0 3'])
    assert.deepEqual(placesOf(takeBatches([five, two])), ['0 2'])
    assert.deepEqual(placesOf(takeBatches([five, two])), ['0 1'])
  })
})

describe('byTopic', () => {
  it('names the topic of each batch once, with the partitions and the sealed bytes', () => {
    const sent = takeBatches([queueOf(1, 3, [10]), queueOf(0, 2, [20]), queueOf(1, 0, [30])])
    const topics = ['merged', 'dead-letter'].map((name): Topic => ({ name, id: '', partitions: [], replicaCount: 1 }))

    const named = byTopic(sent, topics, ({ batch }) => Buffer.of(batch.position))

    assert.deepEqual(named, [
      {
        name: 'dead-letter',
        partitionData: [
          { index: 3, records: [Buffer.of(10)] },
          { index: 0, records: [Buffer.of(30)] },
        ],
      },
      { name: 'merged', partitionData: [{ index: 2, records: [Buffer.of(20)] }] },
    ])
  })
})

/** A partition that has stored nothing, with batches of these bytes. */
function queueOf(sink: number, partition: number, sizes: readonly number[]): PartitionQueue {
  const queue = new PartitionQueue({ sink, partition, leader: 1 })
  for (const size of sizes) {
    const batch = new OutputBatch(100)
    batch.reset(sink, partition)
    batch.count = 1
    batch.position = size
    queue.add(batch, () => {}, 0)
  }
  return queue
}

function placesOf(sent: ReturnType<typeof takeBatches>): string[] {
  return sent.map(({ queue }) => `${queue.sink} ${queue.partition}`)
}
