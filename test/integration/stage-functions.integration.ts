import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CustomerRecord, customers, customerTopology, mergesOf, saysOf, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const bad = 7
const refusal = new Error('no such customer')

export function stageFunctionFailures(target: Target): void {
  describe('a stage function', () => {
    it('that rejects once on a record changes nothing', async () => {
      const stream = await target.stream()
      await stream.produce(customers(20))
      let failures = 0
      const part = async (value: CustomerRecord) => {
        if (value.id === bad && failures++ === 0) throw refusal
        return value.part
      }

      const { report } = await stream.run(customerTopology(stream, { part }))

      assert.equal(failures, 2)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20))
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { emitted: 40 })
    })

    it('that throws on a record makes it a dead letter at once, and no other', async () => {
      const stream = await target.stream()
      await stream.produce(customers(20))
      let calls = 0
      const part = (value: CustomerRecord) => {
        if (value.id !== bad) return value.part
        calls++
        throw refusal
      }

      const { report } = await stream.run(customerTopology(stream, { part }))

      assert.equal(calls, 1)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20, [bad]))
      const letters = await stream.deadLetters()
      assert.deepEqual(letters.map(saysOf), [
        { reason: 'STAGE_FAILED', cause: 'no such customer', topic: stream.source, partition: '1', offset: '6' },
      ])
      assert.equal(letters[0]!.value, '{"stage":"A","id":7,"part":{"of":"A7"}}')
      assert.equal(letters[0]!.partition, 1)
      assertAccount(report, { emitted: 38, deadLettered: 1, pending: 1 })
    })

    it('that throws on everything ends the program; started again with a good one it gives the whole result', async () => {
      const stream = await target.stream()
      await stream.produce(customers(200))
      const part = () => {
        throw refusal
      }

      const failed = await stream.run(customerTopology(stream, { part }), { maxConsecutivePoison: 10 })
      const lettersBefore = (await stream.deadLetters()).length
      const mended = await stream.run(customerTopology(stream))

      assertEndedBy(failed.error, 'STAGE_FAILS_ON_EVERYTHING')
      assert.equal(failed.report.isBalanced, true)
      assert.deepEqual(await stream.merged().then(valuesOf), mergesOf(200))
      assert.equal((await stream.deadLetters()).length, lettersBefore)
      assertAccount(mended.report, { emitted: 400 })
    })

    it('that rejects is tried again for the records it rejected, with many others in flight', async () => {
      const stream = await target.stream()
      await stream.produce(customers(600))
      const attempts = new Map<number, number>()
      const part = async (value: CustomerRecord) => {
        await Promise.resolve()
        attempts.set(value.id, (attempts.get(value.id) ?? 0) + 1)
        if (value.id % 50 === bad) throw refusal
        return value.part
      }

      const { report } = await stream.run(customerTopology(stream, { part }))

      const rejected = Array.from({ length: 12 }, (_, i) => bad + 50 * i)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(600, rejected))
      assert.equal((await stream.deadLetters()).length, rejected.length)
      for (const [id, count] of attempts) assert.equal(count, rejected.includes(id) ? 3 : 1, `customer ${id}`)
      assertAccount(report, { emitted: 2 * (600 - 12), deadLettered: 12, pending: 12 })
    })

    it('that rejects most records does not fail on everything', async () => {
      const stream = await target.stream()
      await stream.produce(customers(60))
      const part = async (value: CustomerRecord) => {
        if (value.id % 6 > 1) throw refusal
        return value.part
      }

      const { report, error } = await stream.run(customerTopology(stream, { part }), { maxConsecutivePoison: 10 })

      assert.equal(error, undefined)
      assertAccount(report, { emitted: 40, deadLettered: 40, pending: 40 })
    })

    it('that returns undefined filters the record out', async () => {
      const stream = await target.stream()
      await stream.produce(customers(20))
      const part = (value: CustomerRecord) => (value.id === bad ? undefined : value.part)

      const { report } = await stream.run(customerTopology(stream, { part }))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20, [bad]))
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { emitted: 38, filtered: 1, pending: 1 })
    })

    it('that returns what JSON cannot hold makes the record a dead letter', async () => {
      const stream = await target.stream()
      await stream.produce(customers(4))
      const circle: { self?: unknown } = {}
      circle.self = circle
      const returned = [1n, () => 1, circle]
      const part = (value: CustomerRecord) => returned[value.id] ?? value.part

      const { report } = await stream.run(customerTopology(stream, { part }))

      const letters = (await stream.deadLetters()).map(saysOf)
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        ['PART_NOT_JSON', 'PART_NOT_JSON', 'PART_NOT_JSON'],
      )
      assert.ok(letters.some(({ cause }) => cause === 'a function is no JSON'))
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(4, [0, 1, 2]))
      assertAccount(report, { emitted: 2, deadLettered: 3, pending: 3 })
    })

    it('is told where each record came from', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      const part = (
        _: CustomerRecord,
        {
          topic,
          partition,
          offset,
          timestampMs,
        }: { topic: string; partition: number; offset: bigint; timestampMs: number },
      ) => `${topic} ${partition} ${offset} ${timestampMs}`

      await stream.run(customerTopology(stream, { part }))

      assert.deepEqual(
        valuesOf(await stream.merged()).map((value) => JSON.parse(value).A),
        [0, 1].map((partition) => `${stream.source} ${partition} 0 1790000000000`),
      )
    })
  })
}

if (import.meta.main) onEachBroker([stageFunctionFailures])
