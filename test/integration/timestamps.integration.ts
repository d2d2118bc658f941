import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { audit } from '../../src/streams/index.ts'
import { customerTopology, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const hour = 3_600_000
const day = 24 * hour

/** A record of a side, so many milliseconds from now. */
function fromNow(ms: number, side: string, id: number): SourceRecord {
  return { ...record(side, id), partition: 0, timestampMs: systemClock.nowMs() + ms }
}

/** A source that takes records of any time. */
const anyTime = { 'message.timestamp.after.max.ms': '9000000000000000' }

export function refusedTimestamps(target: Target): void {
  const proved = async ({ app }: Stream) => {
    const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app })
    assert.equal(verdict, 'proved')
  }

  describe('a merge whose timestamp the sink does not take', () => {
    for (const [what, sinkConfig, ms] of [
      ['is too old', { 'message.timestamp.before.max.ms': String(day) }, -2 * day],
      ['is too far ahead', {}, 2 * day],
    ] as const) {
      it(`because it ${what} becomes a dead letter of each of its parts, and the others are published`, async () => {
        const stream = await target.stream({ sourceConfig: anyTime, sinkConfig })
        await stream.produce([
          fromNow(ms, 'A', 99),
          fromNow(0, 'A', 0),
          fromNow(ms - 1, 'B', 99),
          fromNow(-1, 'B', 0),
          fromNow(0, 'A', 1),
        ])

        const { report, error } = await stream.run(customerTopology(stream))

        assert.equal(error, undefined)
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
        assert.deepEqual(
          (await stream.deadLetters()).map((letter) => [saysOf(letter).reason, saysOf(letter).offset, letter.value]),
          [
            ['MERGE_TIMESTAMP_REFUSED', '0', null],
            ['MERGE_TIMESTAMP_REFUSED', '2', record('B', 99).value],
          ],
        )
        assertAccount(report, { emitted: 2, deadLettered: 2, pending: 1 })
        await proved(stream)
      })
    }

    it('is one of the same key later where keys are remembered, because that one has not been merged', async () => {
      const stream = await target.stream({ sinkConfig: { 'message.timestamp.before.max.ms': String(day) } })
      const both = (ms: number) => [fromNow(ms, 'A', 0), fromNow(ms, 'B', 0)]
      await stream.produce([...both(-2 * day), ...both(0)])

      const { report } = await stream.run(customerTopology(stream, undefined, { rememberCompleted: { forMs: day } }))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
      assertAccount(report, { emitted: 2, deadLettered: 2 })
      await proved(stream)
    })
  })

  describe('a sink that the broker stamps', () => {
    it('takes merges of any time', async () => {
      const sinkConfig = { 'message.timestamp.type': 'LogAppendTime', 'message.timestamp.before.max.ms': String(day) }
      const stream = await target.stream({ sinkConfig })
      await stream.produce([fromNow(-2 * day, 'A', 0), fromNow(-2 * day, 'B', 0)])

      const { report } = await stream.run(customerTopology(stream))

      assertAccount(report, { emitted: 2 })
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
    })
  })

  describe('a dead letter whose topic keeps the times of its records', () => {
    it('has the nearest time that the topic takes', async () => {
      const stream = await target.stream({ sourceConfig: anyTime })
      await stream.createDeadLetterTopic({ 'message.timestamp.before.max.ms': String(day), 'retention.ms': '-1' })
      const broken = (ms: number) => ({ ...fromNow(ms, 'A', 0), value: '{' })
      await stream.produce([broken(-2 * day), broken(0), broken(2 * day)])

      const { report, error } = await stream.run(customerTopology(stream))

      assert.equal(error, undefined)
      assertAccount(report, { deadLettered: 3 })
      assert.deepEqual(
        (await stream.deadLetters()).map((letter) => saysOf(letter).reason),
        ['NOT_JSON', 'NOT_JSON', 'NOT_JSON'],
      )
      await proved(stream)
    })
  })

  describe('an expired row whose timestamp its topic does not take', () => {
    it('leaves as a dead letter', async () => {
      const stream = await target.stream()
      const expireTo = `${stream.app}.expired`
      const configEntries = [{ name: 'message.timestamp.before.max.ms', value: String(day) }]
      await target.admin.createTopics({ topics: [{ topic: expireTo, numPartitions: 1, configEntries }] })
      await stream.produce([
        fromNow(-2 * day, 'A', 0),
        fromNow(-3 * hour, 'A', 1),
        fromNow(0, 'A', 2),
        fromNow(0, 'A', 3),
      ])

      const { report, error } = await stream.run(customerTopology(stream, undefined, { expireAfterMs: hour, expireTo }))

      assert.equal(error, undefined)
      assertAccount(report, { expired: 2, pending: 2 })
      assert.deepEqual(valuesOf(await stream.read(expireTo)), ['{"id":1,"A":{"of":"A1"}}'])
      assert.deepEqual(valuesOf(await stream.deadLetters()), ['{"id":0,"A":{"of":"A0"}}'])
      await proved(stream)
      await target.admin.deleteTopics({ topics: [expireTo] })
    })
  })
}

if (import.meta.main) onEachBroker([refusedTimestamps])
