import { deleteRecords, deleteTopics, fetch, listOffsets } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { gzip, parseBatches, recordBatch, timestampMs } from './batches.ts'
import { fetchFrom, produceTo } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

export function fetchContract(target: Target): void {
  describe('Fetch', () => {
    it('reads in each of its versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a', 'b']))

      for (let version = 4; version <= 18; version++) {
        const { records, ...told } = await fetchFrom(client, topic, { version })
        assert.deepEqual(told, {
          partitionIndex: 0,
          errorCode: 0,
          highWatermark: 2,
          lastStableOffset: 2,
          logStartOffset: version >= 5 ? 0 : -1,
          abortedTransactions: null,
          preferredReadReplica: -1,
        })
        assert.deepEqual(parseBatches(records)[0]!.values, ['a', 'b'], `version ${version}`)
      }
    })

    it('returns batches byte for byte, but for their offset and leader epoch', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const sent = recordBatch([{ key: 'k', value: 'v', timestamp: 17 }])
      await produceTo(client, topic, recordBatch(['before']))
      await produceTo(client, topic, sent)

      const { records } = await fetchFrom(client, topic, { offset: 1 })

      sent.writeBigInt64BE(1n, 0)
      sent.writeInt32BE(0, 12)
      assert.deepEqual(records, sent)
    })

    it('begins with the batch that holds the offset', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['0', '1', '2']))
      await produceTo(client, topic, recordBatch(['3', '4']))

      const firsts = []
      for (const offset of [0, 2, 3, 4]) {
        const { records } = await fetchFrom(client, topic, { offset })
        firsts.push(parseBatches(records)[0]!.baseOffset)
      }

      assert.deepEqual(firsts, [0, 0, 3, 3])
    })

    it('is empty at the end of the log and refuses offsets outside of it', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['0']))

      const end = await fetchFrom(client, topic, { offset: 1 })
      const after = await fetchFrom(client, topic, { offset: 2 })
      const before = await fetchFrom(client, topic, { offset: -1 })

      assert.deepEqual([end.errorCode, end.records?.length], [0, 0])
      assert.deepEqual([after.errorCode, after.highWatermark, after.logStartOffset], [1, -1, -1])
      assert.equal(before.errorCode, 1)
    })

    it('names topics, ids and partitions that are not there', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const ghost = { name: `contract-${randomUUID()}`, id: 'BBBBBBBBBBBBBBBBBBBBBA' }

      const errorCodes = [
        (await fetchFrom(client, ghost)).errorCode,
        (await fetchFrom(client, ghost, { version: 13 })).errorCode,
        (await fetchFrom(client, topic, { partition: 5 })).errorCode,
      ]

      assert.deepEqual(errorCodes, [3, 100, 3])
    })

    it('refuses leader epochs from the future', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()

      const { errorCode } = await fetchFrom(client, topic, { currentLeaderEpoch: 9 })

      assert.equal(errorCode, 75)
    })

    it('cuts at the size limits, wherever that falls', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const batch = recordBatch(['x'.repeat(100)])
      for (let i = 0; i < 4; i++) await produceTo(client, topic, batch)
      const sizeOf = async (limits: { partitionMaxBytes?: number; maxBytes?: number }) =>
        (await fetchFrom(client, topic, limits)).records?.length

      assert.equal(await sizeOf({}), 4 * batch.length)
      assert.equal(await sizeOf({ partitionMaxBytes: 2 * batch.length + 10 }), 2 * batch.length + 10)
      assert.equal(await sizeOf({ maxBytes: 2 * batch.length + 10 }), 2 * batch.length + 10)
    })

    it('returns the first batch whole, however large it is', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const batch = recordBatch(['x'.repeat(1000)])
      await produceTo(client, topic, batch)

      const { records } = await fetchFrom(client, topic, { partitionMaxBytes: 1, maxBytes: 1 })

      assert.equal(records?.length, batch.length)
    })

    it('shares the limit of a request between its partitions, in their order', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ partitions: 3 })
      const batch = recordBatch(['x'.repeat(100)])
      for (const partition of [0, 1, 2]) await produceTo(client, topic, batch, { partition })
      await produceTo(client, topic, batch, { partition: 0 })

      const partitions = [2, 0, 1].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 10_000 }))
      const { responses } = await client.call(fetch, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 2 * batch.length + 20,
        isolationLevel: 0,
        topics: [{ topic: topic.name, partitions }],
      })

      const told = responses[0]!.partitions.map(({ partitionIndex, records }) => [partitionIndex, records?.length])
      assert.deepEqual(told, [
        [2, batch.length],
        [0, batch.length + 20],
        [1, 0],
      ])
    })

    it('waits for the least number of bytes, and answers when they are there', async () => {
      await using reader = await target.connect()
      await using writer = await target.connect()
      const topic = await target.createTopic()
      const batch = recordBatch(['x'.repeat(100)])

      const answered = fetchFrom(reader, topic, { maxWaitMs: 30_000, minBytes: 2 * batch.length })
      await produceTo(writer, topic, batch)
      await produceTo(writer, topic, batch)

      assert.equal((await answered).records?.length, 2 * batch.length)
    })

    it('answers what there is when the wait is over', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const batch = recordBatch(['a'])
      await produceTo(client, topic, batch)

      const { errorCode, records } = await fetchFrom(client, topic, { maxWaitMs: 20, minBytes: 1_000_000 })

      assert.deepEqual([errorCode, records?.length], [0, batch.length])
    })

    it('answers later requests of a connection after the one that waits', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const order: string[] = []

      await Promise.all([
        fetchFrom(client, topic, { maxWaitMs: 50 }).then(() => order.push('fetch')),
        produceTo(client, topic, recordBatch(['a'])).then(() => order.push('produce')),
      ])

      assert.deepEqual(order, ['fetch', 'produce'])
    })

    it('does not know sessions that it never opened', async () => {
      await using client = await target.connect()
      const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, isolationLevel: 0, topics: [] }

      const { errorCode } = await client.call(fetch, 12, { ...request, sessionId: 123_456, sessionEpoch: 1 })

      assert.equal(errorCode, 70)
    })

    it('finds nothing under the old id of a topic that was made again', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await client.call(deleteTopics, 6, { topics: [{ name: topic.name, topicId: 'A'.repeat(22) }], timeoutMs: 10_000 })

      const errorCode = await until(
        'the fetch is refused',
        async () => (await fetchFrom(client, topic, { version: 13 })).errorCode,
      )

      assert.equal(errorCode, 100)
    })
  })

  describe('DeleteRecords', () => {
    const remove = async (client: WireClient, name: string, offset: number, version = 2) => {
      const topics = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
      const response = await client.call(deleteRecords, version, { topics, timeoutMs: 10_000 })
      const { errorCode, lowWatermark } = response.topics[0]!.partitions[0]!
      return [errorCode, lowWatermark]
    }

    it('moves the start of a log in each of its versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      for (const value of ['0', '1', '2', '3']) await produceTo(client, topic, recordBatch([value]))

      for (let version = 0; version <= 2; version++) {
        assert.deepEqual(await remove(client, topic.name, version + 1, version), [0, version + 1])
      }

      const gone = await fetchFrom(client, topic, { offset: 2 })
      const there = await fetchFrom(client, topic, { offset: 3 })
      assert.equal(gone.errorCode, 1)
      assert.deepEqual([there.logStartOffset, parseBatches(there.records).at(-1)!.values], [3, ['3']])
    })

    it('deletes everything for -1, and nothing twice or after the end', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['0', '1']))

      assert.deepEqual(await remove(client, topic.name, 3), [1, -1])
      assert.deepEqual(await remove(client, topic.name, -1), [0, 2])
      assert.deepEqual(await remove(client, topic.name, 1), [0, 2])
      assert.deepEqual(await remove(client, `contract-${randomUUID()}`, 0), [3, -1])
    })

    it('deletes within a batch, which is read whole all the same', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['0', '1', '2']))

      await remove(client, topic.name, 1)

      const { records } = await fetchFrom(client, topic, { offset: 1 })
      assert.deepEqual(parseBatches(records)[0]!.values, ['0', '1', '2'])
    })
  })

  describe('ListOffsets', () => {
    const ask = async (client: WireClient, name: string, timestamp: number, version = 11) => {
      const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp }] }]
      const response = await client.call(listOffsets, version, { replicaId: -1, topics, timeoutMs: 10_000 })
      const { errorCode, offset, timestamp: time } = response.topics[0]!.partitions[0]!
      return [errorCode, offset, time]
    }

    it('tells both ends in each of its versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a', 'b', 'c']))

      for (let version = 1; version <= 11; version++) {
        assert.deepEqual(await ask(client, topic.name, -2, version), [0, 0, -1], `version ${version}`)
        assert.deepEqual(await ask(client, topic.name, -1, version), [0, 3, -1], `version ${version}`)
      }
    })

    it('finds the first record that is not older than a time', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const at = (...times: number[]) =>
        recordBatch(times.map((time) => ({ value: 'x', timestamp: timestampMs + time })))
      await produceTo(client, topic, at(10, 30, 20))
      await produceTo(client, topic, at(5))
      await produceTo(client, topic, at(40, 50))

      assert.deepEqual(await ask(client, topic.name, timestampMs), [0, 0, timestampMs + 10])
      assert.deepEqual(await ask(client, topic.name, timestampMs + 15), [0, 1, timestampMs + 30])
      assert.deepEqual(await ask(client, topic.name, timestampMs + 31), [0, 4, timestampMs + 40])
      assert.deepEqual(await ask(client, topic.name, timestampMs + 45), [0, 5, timestampMs + 50])
      assert.deepEqual(await ask(client, topic.name, timestampMs + 51), [0, -1, -1])
    })

    it('finds records inside of compressed batches', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const times = [10, 30, 20].map((time) => ({ value: 'x', timestamp: timestampMs + time }))
      await produceTo(client, topic, recordBatch(times, { compression: gzip }))

      assert.deepEqual(await ask(client, topic.name, timestampMs + 15), [0, 1, timestampMs + 30])
      assert.deepEqual(await ask(client, topic.name, -3), [0, 1, timestampMs + 30])
    })

    it('finds the newest record', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()

      assert.deepEqual(await ask(client, topic.name, -3), [0, -1, -1])
      const times = [10, 30, 20].map((time) => ({ value: 'x', timestamp: timestampMs + time }))
      await produceTo(client, topic, recordBatch(times))
      await produceTo(client, topic, recordBatch(times))
      assert.deepEqual(await ask(client, topic.name, -3), [0, 1, timestampMs + 30])
    })

    it('knows no offsets on another tier', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a']))

      assert.deepEqual(await ask(client, topic.name, -4), [0, 0, -1])
      assert.deepEqual(await ask(client, topic.name, -5), [0, -1, -1])
    })

    it('answers what is no time since the version that has it', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      await produceTo(client, topic, recordBatch(['a']))
      const asked = [
        [-1, 1],
        [-2, 1],
        [-3, 7],
        [-4, 8],
        [-5, 9],
        [-6, 11],
        [-7, Infinity],
      ] as const

      for (const [timestamp, since] of asked) {
        for (let version = 1; version <= 11; version++) {
          const [errorCode] = await ask(client, topic.name, timestamp, version)
          assert.equal(errorCode, version >= since ? 0 : 35, `${timestamp} in version ${version}`)
        }
      }
    })

    it('names what is not there', async () => {
      await using client = await target.connect()

      assert.deepEqual(await ask(client, `contract-${randomUUID()}`, -1), [3, -1, -1])
    })
  })
}
