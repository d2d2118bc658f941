import { produce } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { recordBatch } from './batches.ts'
import { newProducerId, produceTo, readAll } from './exchange.ts'
import type { Target } from './target.ts'

export function produceContract(target: Target): void {
  describe('Produce', () => {
    it('appends in each of its versions', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()

      for (let version = 3; version <= 13; version++) {
        const told = await produceTo(client, topic, recordBatch([`v${version}`, 'and more']), { version })
        const offset = 2 * (version - 3)
        assert.deepEqual(told, {
          index: 0,
          errorCode: 0,
          baseOffset: offset,
          logAppendTimeMs: -1,
          logStartOffset: version >= 5 ? 0 : -1,
          recordErrors: [],
          errorMessage: null,
        })
      }

      const { batches } = await readAll(client, topic)
      assert.deepEqual([batches[1]!.baseOffset, batches[1]!.values], [2, ['v4', 'and more']])
    })

    it('sends no answer for acks 0, and has appended before the next request', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const partitionData = [{ index: 0, records: [recordBatch(['silent'])] }]

      client.send(produce, 9, {
        transactionalId: null,
        acks: 0,
        timeoutMs: 1_000,
        topicData: [{ name: topic.name, partitionData }],
      })
      const { baseOffset } = await produceTo(client, topic, recordBatch(['loud']))

      assert.equal(baseOffset, 1)
    })

    it('refuses an unknown number of acks', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()

      const { errorCode, baseOffset } = await produceTo(client, topic, recordBatch(['a']), { acks: 2 })

      assert.deepEqual([errorCode, baseOffset], [21, -1])
    })

    it('names topics and partitions that are not there', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const errorOf = async (...to: Parameters<typeof produceTo>) => (await produceTo(...to)).errorCode

      assert.equal(await errorOf(client, { name: `contract-${randomUUID()}`, id: '' }, recordBatch(['a'])), 3)
      assert.equal(
        await errorOf(client, { name: '', id: 'BBBBBBBBBBBBBBBBBBBBBA' }, recordBatch(['a']), { version: 13 }),
        100,
      )
      assert.equal(await errorOf(client, topic, recordBatch(['a']), { partition: 7 }), 3)
    })

    const faults: [title: string, records: Buffer[], errorCode: number][] = [
      ['a checksum that is wrong', [recordBatch(['a'], { crcError: 1 })], 2],
      ['two batches for one partition', [recordBatch(['a']), recordBatch(['b'])], 87],
      ['no batch', [], 87],
      ['an old message format', [recordBatch(['a'], { magic: 1 })], 87],
      ['a batch of no records', [recordBatch([])], 87],
    ]
    for (const [title, records, errorCode] of faults) {
      it(`refuses ${title}`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic()

        const told = await produceTo(client, topic, records)

        assert.equal(told.errorCode, errorCode)
        assert.equal((await readAll(client, topic)).highWatermark, 0)
      })
    }

    it('refuses a batch above max.message.bytes', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'max.message.bytes': '1000' } })

      const fits = await produceTo(client, topic, recordBatch(['x'.repeat(900)]))
      const isTooLarge = await produceTo(client, topic, recordBatch(['x'.repeat(1000)]))

      assert.deepEqual([fits.errorCode, isTooLarge.errorCode], [0, 10])
    })

    it('answers each partition for itself', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ partitions: 3 })
      const partitionData = [
        { index: 2, records: [recordBatch(['a'])] },
        { index: 0, records: [recordBatch(['b'], { crcError: 1 })] },
        { index: 1, records: [recordBatch(['c'])] },
      ]

      const request = { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: [{ name, partitionData }] }
      const { responses } = await client.call(produce, 9, request)

      const told = responses[0]!.partitionResponses.map(({ index, errorCode, baseOffset }) => [
        index,
        errorCode,
        baseOffset,
      ])
      assert.deepEqual(new Set(told.map(String)), new Set(['0,2,-1', '1,0,0', '2,0,0']))
    })
  })

  describe('an idempotent producer', () => {
    const start = async () => {
      const client = await target.connect()
      const topic = await target.createTopic()
      const { producerId, producerEpoch } = await newProducerId(client)
      const send = async (baseSequence: number, values: string[], epoch = producerEpoch) => {
        const batch = recordBatch(values, { producerId, producerEpoch: epoch, baseSequence })
        const { errorCode, baseOffset } = await produceTo(client, topic, batch)
        return [errorCode, baseOffset]
      }
      return { send, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
    }

    it('gets an id of its own in each version of InitProducerId', async () => {
      await using client = await target.connect()
      const ids = new Set<number>()

      for (let version = 0; version <= 5; version++) {
        const { producerId, producerEpoch } = await newProducerId(client, version)
        assert.equal(producerEpoch, 0)
        ids.add(producerId)
      }

      assert.equal(ids.size, 6)
    })

    it('has a batch sent twice appended once, and is told the first offset', async () => {
      await using producer = await start()

      assert.deepEqual(await producer.send(0, ['a', 'b']), [0, 0])
      assert.deepEqual(await producer.send(2, ['c']), [0, 2])
      assert.deepEqual(await producer.send(0, ['a', 'b']), [0, 0])
      assert.deepEqual(await producer.send(3, ['d']), [0, 3])
    })

    it('may leave no gap in its sequence', async () => {
      await using producer = await start()

      await producer.send(0, ['a'])

      assert.deepEqual(await producer.send(2, ['c']), [45, -1])
      assert.deepEqual(await producer.send(1, ['b']), [0, 1])
    })

    it('has its last five batches remembered', async () => {
      await using producer = await start()
      for (let sequence = 0; sequence < 6; sequence++) await producer.send(sequence, ['x'])

      assert.deepEqual(await producer.send(1, ['x']), [0, 1])
      assert.deepEqual(await producer.send(0, ['x']), [45, -1])
    })

    it('begins again at 0 with a new epoch, which ends the old one', async () => {
      await using producer = await start()
      await producer.send(0, ['a'])

      assert.deepEqual(await producer.send(1, ['b'], 1), [45, -1])
      assert.deepEqual(await producer.send(0, ['b'], 1), [0, 1])
      assert.deepEqual(await producer.send(1, ['c'], 0), [47, -1])
    })

    it('may be unknown and begin anywhere, as after its records were deleted', async () => {
      await using producer = await start()

      assert.deepEqual(await producer.send(5, ['a']), [0, 0])
    })

    it('counts past the greatest sequence to 0', async () => {
      await using producer = await start()

      assert.deepEqual(await producer.send(2 ** 31 - 2, ['a', 'b', 'c']), [0, 0])
      assert.deepEqual(await producer.send(1, ['d']), [0, 3])
      assert.deepEqual(await producer.send(2 ** 31 - 2, ['a', 'b', 'c']), [0, 0])
    })
  })
}
