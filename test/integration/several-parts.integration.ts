import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { audit, explain, field, stage, topology } from '../../src/streams/index.ts'
import { record, saysOf } from './customers.ts'
import { assertAccount, assertRefused, startQuietly } from './run.ts'
import { until } from '../until.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

const part = stage({ part: field('part') })
const rememberCompleted = { forMs: 86_400_000 }

/** Three sides of which a test says how many parts make a merge. */
function threeSides({ app, source }: Stream) {
  return topology(app).source(source).route('by-stage', field('stage'), { A: part, B: part, C: part })
}

/** A part of side A that tells a number. */
function telling(id: number, told: unknown) {
  return { value: JSON.stringify({ stage: 'A', id, part: { told } }), partition: 0 }
}

async function keysAndValues(stream: Stream): Promise<[number, string | null][]> {
  const merged = await stream.merged()
  return merged.map(({ key, value }): [number, string | null] => [Number(key), value]).sort(([a], [b]) => a - b)
}

async function reasonsOf(stream: Stream): Promise<string[]> {
  return (await stream.deadLetters()).map((letter) => saysOf(letter).reason!).sort()
}

/** Programs in which a side may have several parts, or a merge does without some of the sides. */
export function severalParts(target: Target): void {
  describe('a correlation with atLeast', () => {
    it('merges with enough of the sides, takes later parts for late, and goes on so after a restart', async () => {
      const stream = await target.stream()
      const program = threeSides(stream)
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], atLeast: 2, rememberCompleted })
        .sink(stream.sink)
      await stream.produce([record('C', 1), record('A', 1), record('B', 2), record('B', 1), record('A', 3)])

      await stream.run(program)
      await stream.produce([record('C', 1), record('C', 2), record('B', 2), record('A', 4)])
      const { report } = await stream.run(program)

      assert.deepEqual(await keysAndValues(stream), [
        [1, '{"id":1,"A":{"of":"A1"},"C":{"of":"C1"}}'],
        [2, '{"id":2,"B":{"of":"B2"},"C":{"of":"C2"}}'],
      ])
      assert.deepEqual(await reasonsOf(stream), ['LATE', 'LATE', 'LATE'])
      assertAccount(report, { emitted: 4, duplicate: 3, pending: 2 })
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
      const { published } = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '1' })
      assert.deepEqual(
        published.map(({ missing, isExpired }) => [missing, isExpired]),
        [[['B'], false]],
      )
    })
  })

  describe('a side of which the latest part counts', () => {
    it('supersedes the part before, also one of an epoch and a process before, and the audit proves it', async () => {
      const stream = await target.stream()
      const program = threeSides(stream)
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], latest: ['A', 'B'] })
        .sink(stream.sink)
      const later = (side: string, id: number, of: string) => {
        return { value: `{"stage":"${side}","id":${id},"part":{"of":"${of}"}}`, partition: 0 }
      }
      await stream.produce([
        later('A', 2, 'first'),
        later('A', 2, 'second'),
        later('B', 2, 'only'),
        later('A', 4, 'one'),
      ])

      await stream.run(program)
      await stream.produce([later('A', 2, 'third'), record('C', 2), later('A', 4, 'two'), later('C', 4, 'first')])
      await stream.produce([later('C', 4, 'second')])
      const { report } = await stream.run(program)

      assert.deepEqual(await keysAndValues(stream), [
        [2, '{"id":2,"A":{"of":"third"},"B":{"of":"only"},"C":{"of":"C2"}}'],
      ])
      assert.deepEqual(await reasonsOf(stream), ['DUPLICATE'])
      assertAccount(report, { emitted: 3, superseded: 3, duplicate: 1, pending: 2 })
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
      const { pending } = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '4' })
      assert.deepEqual(
        pending?.parts.map(({ side, offset }) => [side, offset]),
        [
          ['A', 6],
          ['C', 7],
        ],
      )
    })
  })

  describe('a side that is a list', () => {
    it('is full with its number of parts, in the order of their places, over a restart', async () => {
      const stream = await target.stream()
      const program = threeSides(stream)
        .correlate('by-id', field('id'), {
          of: ['A', 'B', 'C'],
          collect: { B: { count: 2 }, C: {} },
          optional: { sides: ['C'], withinMs: 50 },
          expireAfterMs: 86_400_000,
        })
        .sink(stream.sink)
      const b = (partition: number, of: number) => ({ value: `{"stage":"B","id":1,"part":${of}}`, partition })
      await stream.produce([b(1, 11), { ...record('C', 1), partition: 1 }, record('A', 3), record('B', 3)])

      await stream.run(program)
      await stream.produce([b(0, 10), b(0, 12), record('A', 1)])
      const app = await startQuietly(program, target.bootstrapServers)
      await until('the row has waited', () => app.report().mergedRecords === 1)
      await app.stop()

      assert.deepEqual(await keysAndValues(stream), [[1, '{"id":1,"A":{"of":"A1"},"B":[10,11],"C":[{"of":"C1"}]}']])
      assert.deepEqual(await reasonsOf(stream), ['DUPLICATE'])
      assertAccount(app.report(), { emitted: 4, duplicate: 1, pending: 2 })
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
    })

    it('is as long as another side tells, whichever comes first, and none or no number is told as such', async () => {
      const stream = await target.stream()
      const program = threeSides(stream)
        .correlate('by-id', field('id'), {
          of: ['A', 'B', 'C'],
          collect: { B: { count: { side: 'A', field: field('told') } } },
          optional: { sides: ['C'], withinMs: 50 },
          rememberCompleted,
        })
        .sink(stream.sink)
      await stream.produce([record('B', 2), telling(2, 2), record('C', 2), telling(4, 0), record('C', 4)])
      await stream.produce([telling(6, 'two'), telling(8, undefined), record('B', 6)])

      await stream.run(program)
      await stream.produce([record('B', 2)])
      await stream.run(program)
      await stream.produce([record('B', 2)])
      const { report } = await stream.run(program)

      assert.deepEqual(await keysAndValues(stream), [
        [2, '{"id":2,"A":{"told":2},"B":[{"of":"B2"},{"of":"B2"}],"C":{"of":"C2"}}'],
        [4, '{"id":4,"A":{"told":0},"B":[],"C":{"of":"C4"}}'],
      ])
      const letters = (await stream.deadLetters()).map(saysOf)
      assert.deepEqual(letters.map(({ reason, cause }) => `${reason}: ${cause}`).sort(), [
        'COMPLETED: the key has been merged already',
        'COUNT_INVALID: told is "two", where a whole number of parts belongs',
        'COUNT_INVALID: told is missing, where a whole number of parts belongs',
      ])
      assertAccount(report, { emitted: 6, duplicate: 1, deadLettered: 2, pending: 1 })
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
    })

    it('leaves with an expired row as far as it has come, and the audit tells it from a merge', async () => {
      const stream = await target.stream()
      const program = threeSides(stream)
        .correlate('by-id', field('id'), {
          of: ['A', 'B', 'C'],
          collect: { B: { count: { side: 'A', field: field('told') } } },
          expireAfterMs: 1_000,
        })
        .sink(stream.sink)
      const nowMs = systemClock.nowMs()
      const old = { timestampMs: nowMs - 60_000 }
      await stream.produce(
        [telling(2, 3), record('B', 2), record('B', 2), record('C', 2)].map((row) => ({ ...row, ...old })),
      )
      await stream.produce([100, 101].map((id) => ({ ...record('B', id), timestampMs: nowMs })))

      const { report } = await stream.run(program)
      const { deadLetters } = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '2' })

      assert.deepEqual(
        (await stream.deadLetters()).map(({ value }) => value),
        ['{"id":2,"A":{"told":3},"B":[{"of":"B2"},{"of":"B2"}],"C":{"of":"C2"}}'],
      )
      assert.equal(deadLetters[0]?.letter.origins.length, 4)
      assertAccount(report, { expired: 4, pending: 2 })
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
    })

    it('refuses to go on with another number, and says both', async () => {
      const stream = await target.stream()
      const of = ['A', 'B', 'C'] as const
      const listOf = (count: number) =>
        threeSides(stream)
          .correlate('by-id', field('id'), { of, collect: { B: { count } } })
          .sink(stream.sink)
      await stream.produce([record('A', 1)])

      await stream.run(listOf(2))

      await assertRefused(listOf(3), target.bootstrapServers, {
        code: 'CHECKPOINT_INCOMPATIBLE',
        message: /list of side "B" was of 2 and is of 3/,
      })
    })
  })
}

if (import.meta.main) onEachBroker([severalParts])
