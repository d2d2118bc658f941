import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apis } from '../network/apis.ts'
import { fetchRequest, offsetBehind } from './fetch-protocol.ts'
import { reread, versionsOf } from '../fixtures/reread.ts'
import type { Topic } from '../cluster/topic.ts'
import { topicIdText } from '../cluster/topic-id.ts'
import { partitionsOf } from './topic-partition.ts'

const topicId = '01234567-89ab-cdef-0123-456789abcdef'
const otherId = '11234567-89ab-cdef-0123-456789abcdef'

function topicOf(id: string): Topic {
  const partition = { leader: 1, leaderEpoch: 0 }
  return { name: id, id, partitions: [partition, partition, partition], replicaCount: 1 }
}

describe('fetchRequest', () => {
  it('asks for each partition from its next offset, by the id of the topic', () => {
    const request = fetchRequest({
      partitions: partitionsOf(topicOf(topicId)),
      order: [2, 0],
      positions: Float64Array.of(5, 6, 2 ** 40),
      leaderEpochs: Int32Array.of(7, 8, -1),
      maxWaitMs: 500,
      responseBytes: 6 << 20,
      partitionBytesOf: () => 1 << 20,
    })

    for (const version of versionsOf(apis.fetch)) {
      const { topics, ...limits } = reread(apis.fetch, version, request)
      assert.deepEqual(
        [limits.maxWaitMs, limits.minBytes, limits.maxBytes, limits.isolationLevel, limits.sessionEpoch],
        [500, 1, 6 << 20, 1, -1],
      )
      assert.equal(topics.length, 1)
      assert.equal(topicIdText(topics[0]!.topicId), topicId)
      assert.deepEqual(
        topics[0]!.partitions.map(({ partition, fetchOffset, currentLeaderEpoch, partitionMaxBytes }) => [
          partition,
          fetchOffset,
          currentLeaderEpoch,
          partitionMaxBytes,
        ]),
        [
          [2, 2 ** 40, -1, 1 << 20],
          [0, 5, 7, 1 << 20],
        ],
      )
    }
  })
})

describe('fetchRequest of several topics', () => {
  it('keeps the order in which partitions are to be served, and names a topic again for that', () => {
    const [orders, payments] = [topicOf(topicId), topicOf(otherId)]
    const request = fetchRequest({
      partitions: [
        { topic: orders, partition: 0 },
        { topic: orders, partition: 1 },
        { topic: payments, partition: 0 },
      ],
      order: [1, 2, 0],
      positions: Float64Array.of(10, 11, 20),
      leaderEpochs: Int32Array.of(1, 2, 3),
      maxWaitMs: 500,
      responseBytes: 6 << 20,
      partitionBytesOf: () => 1 << 20,
    })

    const asked = reread(apis.fetch, 13, request).topics.map(({ topicId: id, partitions }) => [
      topicIdText(id),
      ...partitions.flatMap(({ partition, fetchOffset, currentLeaderEpoch }) => [
        partition,
        fetchOffset,
        currentLeaderEpoch,
      ]),
    ])
    assert.deepEqual(asked, [
      [topicId, 1, 11, 2],
      [otherId, 0, 20, 3],
      [topicId, 0, 10, 1],
    ])
  })
})

describe('offsetBehind', () => {
  const batches = Buffer.concat([batch(2 ** 33, 3), batch(2 ** 33 + 3, 2)])
  const view = new DataView(batches.buffer, batches.byteOffset, batches.length)

  it('is the offset after the last batch', () => {
    assert.equal(offsetBehind(view, 0, batches.length), 2 ** 33 + 5)
  })

  it('does not count a batch that was cut off', () => {
    assert.equal(offsetBehind(view, 0, batches.length - 1), 2 ** 33 + 3)
  })

  it('is -1 where no batch is whole', () => {
    for (const end of [0, 20, 40, 60]) assert.equal(offsetBehind(view, 0, end), -1)
  })

  it('stops at a batch that claims a negative length', () => {
    const damaged = Buffer.from(batches)
    damaged.writeInt32BE(-13, 61 + 8)

    assert.equal(offsetBehind(new DataView(damaged.buffer, damaged.byteOffset), 0, damaged.length), 2 ** 33 + 3)
  })
})

/** The header of a record batch. */
function batch(baseOffset: number, count: number): Buffer {
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(BigInt(baseOffset), 0)
  header.writeInt32BE(49, 8)
  header.writeInt32BE(count - 1, 23)
  return header
}
