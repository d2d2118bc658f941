import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { audit, field, stage, type Topology, topology } from '../../src/streams/index.ts'
import { mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, committed, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

const minute = 60_000
const noon = 1_790_000_000_000

/** A record of a side, so many minutes after noon. */
function at(minutes: number, side: string, id: number): SourceRecord {
  return { ...record(side, id), timestampMs: noon + minutes * minute }
}

interface Expiry {
  expireAfterMs: number
  expireBy?: 'eventTime' | 'processingTime'
  expireTo?: string
}

function expiring({ app, source, sink }: Stream, expiry: Expiry): Topology {
  const part = field('part')
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'], ...expiry })
    .sink(sink)
}

const tenMinutes = { expireAfterMs: 10 * minute }

export function expiry(target: Target): void {
  describe('a row whose parts do not come in time', () => {
    it('leaves by the time that the records tell, as one dead letter, and no other does', async () => {
      const stream = await target.stream()
      await stream.produce([at(0, 'A', 0), at(0, 'B', 1), at(5, 'A', 2), at(9, 'A', 1), at(14, 'A', 4), at(14, 'A', 5)])

      const { report } = await stream.run(expiring(stream, tenMinutes))

      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map(({ key, value }) => [key, value]),
        [['0', '{"id":0,"A":{"of":"A0"}}']],
      )
      assert.equal(saysOf(letters[0]!).reason, 'EXPIRED')
      assert.deepEqual(valuesOf(await stream.merged()), ['{"id":1,"A":{"of":"A1"},"B":{"of":"B1"}}'])
      assertAccount(report, { emitted: 2, expired: 1, pending: 3 })
    })

    it('waits on when a record comes that is too far ahead, which is a dead letter', async () => {
      const stream = await target.stream({ sourceConfig: { 'message.timestamp.after.max.ms': '9000000000000000' } })
      const tomorrow = { timestampMs: systemClock.nowMs() + 1_440 * minute }
      const ahead = { ...record('A', 7), ...tomorrow }
      const broken = { value: '{', ...tomorrow }
      await stream.produce([at(0, 'A', 0), at(0, 'A', 1), ahead, broken, at(1, 'B', 0), at(2, 'B', 2), at(2, 'B', 3)])

      const { report } = await stream.run(expiring(stream, tenMinutes))

      const letters = await stream.deadLetters()
      assert.deepEqual(letters.map((letter) => `${saysOf(letter).reason} ${letter.value}`).sort(), [
        'NOT_JSON {',
        `TIMESTAMP_AHEAD ${String(ahead.value)}`,
      ])
      assert.deepEqual(valuesOf(await stream.merged()), ['{"id":0,"A":{"of":"A0"},"B":{"of":"B0"}}'])
      assertAccount(report, { emitted: 2, pending: 3, deadLettered: 2 })
    })

    it('leaves for its own topic where it has one', async () => {
      const stream = await target.stream()
      const expireTo = `${stream.app}.expired`
      await target.admin.createTopics({ topics: [{ topic: expireTo, numPartitions: 2 }] })
      await stream.produce([at(0, 'B', 0), at(60, 'A', 2), at(60, 'A', 3)])

      const { report } = await stream.run(expiring(stream, { ...tenMinutes, expireTo }))

      const [left, ...others] = await stream.read(expireTo)
      assert.deepEqual([left!.key, left!.value, others], ['0', '{"id":0,"B":{"of":"B0"}}', []])
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { expired: 1, pending: 2 })
      await target.admin.deleteTopics({ topics: [expireTo] })
    })

    it('leaves as a dead letter where its parts are too large together for its own topic', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const expireTo = `${stream.app}.expired`
      const configEntries = [{ name: 'max.message.bytes', value: '1000' }]
      await target.admin.createTopics({ topics: [{ topic: expireTo, numPartitions: 1, configEntries }] })
      const large = { ...at(0, 'A', 0), value: `{"stage":"A","id":0,"part":"${'a'.repeat(1_000)}"}` }
      await stream.produce([large, { ...at(60, 'A', 2), partition: 0 }])

      const { report, error } = await stream.run(expiring(stream, { ...tenMinutes, expireTo }))

      assert.equal(error, undefined)
      const [letter] = await stream.deadLetters()
      assert.equal(letter!.value, `{"id":0,"A":"${'a'.repeat(1_000)}"}`)
      assertAccount(report, { expired: 1, pending: 1 })
      const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
      await target.admin.deleteTopics({ topics: [expireTo] })
    })

    it('leaves in a later life of the program than the one that read it, and frees its key', async () => {
      const stream = await target.stream()
      await stream.produce([at(0, 'A', 0), at(0, 'A', 1)])
      const first = await stream.run(expiring(stream, tenMinutes))
      await stream.produce([at(30, 'A', 2), at(30, 'A', 3)])
      const second = await stream.run(expiring(stream, tenMinutes))
      await stream.produce([at(31, 'B', 0), at(32, 'A', 0)])
      const third = await stream.run(expiring(stream, tenMinutes))

      assertAccount(first.report, { pending: 2 })
      assertAccount(second.report, { expired: 2, pending: 2 })
      assertAccount(third.report, { expired: 2, emitted: 2, pending: 2 })
      assert.equal((await stream.deadLetters()).length, 2)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
    })

    it('waits for the partition that is furthest behind', async () => {
      const stream = await target.stream()
      const early = Array.from({ length: 400 }, (_, i) => at(0, 'A', 2 * i))
      await stream.produce(early)
      await stream.produce(early.map((_, i) => at(0, 'B', 2 * i)))
      await stream.produce([at(600, 'A', 10_001)])

      const { report } = await stream.run(expiring(stream, tenMinutes), { partitionFetchBytes: 1_024 })

      assert.equal((await stream.merged()).length, 400)
      assertAccount(report, { emitted: 800, pending: 1 })
    })

    it('keeps no epoch open for longer than it may be, however seldom rows can expire', async () => {
      const stream = await target.stream()
      const byDay = { expireAfterMs: 600 * minute, expireBy: 'processingTime' } as const
      await using app = await startQuietly(expiring(stream, byDay), target.bootstrapServers)
      await app.caughtUp
      const beganMs = systemClock.monotonicMs()

      await stream.produce([record('A', 0)])
      await committed(app, 1)

      // Without expired rows it looks every ten seconds.
      const tookMs = systemClock.monotonicMs() - beganMs
      assert.ok(tookMs < 5_000, `${tookMs}`)
    })

    it('leaves by the time of day, while no records come', async () => {
      const stream = await target.stream()
      const nowMs = systemClock.nowMs()
      await stream.produce([
        { ...record('A', 0), timestampMs: nowMs - 2 * minute },
        { ...record('A', 1), timestampMs: nowMs + 60 * minute },
      ])

      const byDay = { expireAfterMs: 2 * minute + 500, expireBy: 'processingTime' } as const
      const app = await startQuietly(expiring(stream, byDay), target.bootstrapServers)
      await app.caughtUp
      await until('a row has expired', () => app.report().accounting.some(({ expired }) => expired > 0))
      await app.stop()

      assert.deepEqual(valuesOf(await stream.deadLetters()), ['{"id":0,"A":{"of":"A0"}}'])
      assertAccount(app.report(), { expired: 1, pending: 1 })
    })
  })
}

if (import.meta.main) onEachBroker([expiry])
