import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { gzip, type HandMadeRecord, recordBatch, withHeader } from './batches.ts'
import { fetchFrom, newProducerId, produceTo, readAll } from './exchange.ts'
import type { Target } from './target.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const invalidTimestamp = 32
const invalidRecord = 87
const kinds = [
  ['as they are', {}],
  ['compressed', { compression: gzip }],
] as const

/** What may stand in records, and what the broker makes of it. */
export function timestampsContract(target: Target): void {
  const at = (aheadMs: number, value = 'x'): HandMadeRecord => ({ value, timestamp: systemClock.nowMs() + aheadMs })

  describe('timestamps of records', () => {
    for (const [title, options] of kinds) {
      it(`may be no more than message.timestamp.after.max.ms ahead, an hour where it is not set (${title})`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic()

        const refused = await produceTo(client, topic, recordBatch([at(0), at(dayMs), at(0), at(2 * dayMs)], options))
        const taken = await produceTo(client, topic, recordBatch([at(hourMs - 100_000)], options))

        assert.equal(refused.errorCode, invalidTimestamp)
        assert.deepEqual([refused.baseOffset, refused.logAppendTimeMs, refused.logStartOffset], [-1, -1, 0])
        assert.equal(refused.errorMessage, 'One or more records have been rejected due to invalid timestamp')
        assert.deepEqual(
          refused.recordErrors.map(({ batchIndex }) => batchIndex),
          [1, 3],
        )
        const [first] = refused.recordErrors
        const text =
          /^Timestamp \d+ of message with offset 1 is out of range\. The timestamp should be within \[-?\d+, \d+\]$/
        assert.match(first!.batchIndexErrorMessage!, text)
        assert.deepEqual([taken.errorCode, taken.baseOffset], [0, 0])
      })
    }

    it('may be as far ahead as the topic says', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'message.timestamp.after.max.ms': String(2 * dayMs) } })

      const taken = await produceTo(client, topic, recordBatch([at(dayMs)]))
      const refused = await produceTo(client, topic, recordBatch([at(3 * dayMs)]))

      assert.deepEqual([taken.errorCode, refused.errorCode], [0, invalidTimestamp])
    })

    it('may be no older than message.timestamp.before.max.ms', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'message.timestamp.before.max.ms': String(dayMs) } })

      const refused = await produceTo(client, topic, recordBatch([at(-2 * dayMs)]))
      const taken = await produceTo(client, topic, recordBatch([at(-hourMs)]))

      assert.deepEqual([refused.errorCode, taken.errorCode], [invalidTimestamp, 0])
    })

    it('may be absent', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'message.timestamp.before.max.ms': '1000' } })

      const taken = await produceTo(client, topic, recordBatch([{ value: 'x', timestamp: -1 }]))

      assert.equal(taken.errorCode, 0)
    })

    it('do not matter where the time of arrival counts', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } })

      const taken = await produceTo(client, topic, recordBatch([at(30 * dayMs)]))

      assert.equal(taken.errorCode, 0)
    })

    it('are not given by a producer as the time of arrival', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const ownTime = await target.createTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } })
      const stamped = withHeader(recordBatch([at(0)]), (header) => header.writeInt16BE(0x08, 21))

      const taken = await produceTo(client, topic, stamped)
      const refused = await produceTo(client, ownTime, stamped)

      assert.deepEqual([taken.errorCode, refused.errorCode], [0, invalidTimestamp])
      assert.equal((await fetchFrom(client, topic)).records!.readInt16BE(21), 0)
    })

    for (const [title, options] of kinds) {
      it(`decide what the greatest of a batch is, whatever its producer says (${title})`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic()
        const greatest = systemClock.nowMs()
        const records = [greatest - 10, greatest, greatest - 20].map((timestamp) => ({ value: 'x', timestamp }))

        for (const claimed of [greatest - 5_000, greatest + dayMs, -1]) {
          const batch = withHeader(recordBatch(records, options), (header) => {
            header.writeBigInt64BE(BigInt(claimed), 35)
          })
          const { errorCode, baseOffset } = await produceTo(client, topic, batch)
          assert.equal(errorCode, 0)
          const { records: stored } = await fetchFrom(client, topic, { offset: baseOffset })
          assert.equal(stored!.readBigInt64BE(35), BigInt(greatest))
        }
      })
    }

    it('are told again to a producer that repeats a batch', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const timestamp = systemClock.nowMs() - hourMs
      const batch = recordBatch([{ value: 'x', timestamp }], { ...(await newProducerId(client)), baseSequence: 0 })

      const first = await produceTo(client, topic, batch)
      const again = await produceTo(client, topic, batch)

      assert.deepEqual([first.errorCode, first.logAppendTimeMs], [0, -1])
      assert.deepEqual([again.errorCode, again.baseOffset, again.logAppendTimeMs], [0, 0, timestamp])
    })
  })

  describe('the records of a batch', () => {
    for (const [title, options] of kinds) {
      it(`are as many as its header says (${title})`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic()

        for (const count of [1, 3]) {
          const batch = withHeader(recordBatch(['x', 'y'], options), (header) => {
            header.writeInt32BE(count - 1, 23)
            header.writeInt32BE(count, 57)
          })
          assert.equal((await produceTo(client, topic, batch)).errorCode, invalidRecord)
        }
        assert.equal((await readAll(client, topic)).highWatermark, 0)
      })

      it(`are named one by one where a compacted topic misses their keys (${title})`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic({ config: { 'cleanup.policy': 'compact' } })
        const records = [{ key: 'a', value: '0' }, { value: '1' }, { key: '', value: '2' }, { value: '3' }]

        const refused = await produceTo(client, topic, recordBatch(records, options))

        assert.equal(refused.errorCode, invalidRecord)
        const message = `Compacted topic cannot accept message without key in topic partition ${topic.name}-0`
        assert.deepEqual(
          refused.recordErrors,
          [1, 3].map((batchIndex) => ({ batchIndex, batchIndexErrorMessage: message })),
        )
      })
    }

    for (const codec of [1, 2, 3, 4]) {
      it(`can be opened by codec ${codec} where the header says so`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic()
        const compress = () => Buffer.from('no codec has written this, whatever it is said to be')

        const { errorCode } = await produceTo(client, topic, recordBatch(['x'], { compression: { codec, compress } }))

        assert.equal(errorCode, -1)
      })
    }
  })
}
