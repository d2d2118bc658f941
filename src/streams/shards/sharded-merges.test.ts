import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../../test/until.ts'
import { systemClock } from '../../core/clock.ts'
import { Engine } from '../in-memory/engine.ts'
import { order } from '../fixtures/orders.ts'
import { outputOf, settled } from '../fixtures/settled.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology, type Topology } from '../topology/topology.ts'
import { keptOverStarts } from './fixtures/kept-over-starts.ts'
import { orders, patient, on, twice } from './fixtures/two-starts.ts'

const part = stage({ part: field('part') })
const rememberCompleted = { forMs: 60_000 }
const source = topology('orders').source('source')
const routed = source.route('by-side', field('side'), { A: part, B: part })
const merged = routed.correlate('by-key', field('key'), { of: ['A', 'B'] })

function refuse(key: unknown): boolean {
  if (Number(key) % 10 === 3) throw new Error(`nobody wants ${String(key)}`)
  return true
}

/** Programs of which something comes after the merge. */
const programs: Readonly<Record<string, Topology>> = {
  'functions, one of which leaves merges out and one refuses them': merged
    .filter('wanted', (_, key) => Number(key) % 10 !== 4)
    .filter('good', (_, key) => refuse(key))
    .map('named', (value, key) => ({ key, of: value }))
    .flatMap('each', (value, key) => (Number(key) % 10 === 5 ? [] : [value, { key }]))
    .sink('sink'),
  'several sinks, with keys, partitions and headers that functions make': merged.branch(
    'parity',
    (_, key) => (refuse(key) && Number(key) % 2 === 0 ? 'even' : 'odd'),
    {
      even: { key: (value) => JSON.stringify(value), timestamp: 'least' },
      odd: {
        partition: (_, key, count) => Number(key) % count,
        headers: (_, key) => ({ key: String(key) }),
        compression: 'gzip',
      },
    },
  ),
  'a sink whose records carry on the trace of a part': merged.sink('sink', { traceContext: true }),
  'lists, and functions after their merge': routed
    .correlate('by-key', field('key'), { of: ['A', 'B'], collect: { B: { count: 2 } } })
    .filter('good', (_, key) => refuse(key))
    .sink('sink'),
  'functions, and completed keys that are remembered': routed
    .correlate('by-key', field('key'), { of: ['A', 'B'], rememberCompleted })
    .filter('wanted', (_, key) => Number(key) % 10 !== 4)
    .filter('good', (_, key) => refuse(key))
    .sink('sink'),
  'merges of some sides, and functions after them': source
    .route('by-side', field('side'), { A: part, B: part, C: part })
    .correlate('by-key', field('key'), { of: ['A', 'B', 'C'], atLeast: 2, rememberCompleted })
    .filter('good', (_, key) => refuse(key))
    .sink('sink'),
  'lists, functions after their merge, and completed keys that are remembered': routed
    .correlate('by-key', field('key'), { of: ['A', 'B'], collect: { B: { count: 2 } }, rememberCompleted })
    .filter('good', (_, key) => refuse(key))
    .sink('sink'),
}

describe('B17 a program whose table is in shards, with functions after the merge', () => {
  // No two partitions have parts of a key that could come in one order as well as in another.
  const give = [
    ({ kafka }: Engine) => {
      const headers = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
      kafka.give(0, [...orders('A', 0, 600), 'no JSON'], { timestampMs: 1_000, headers })
      const sides = ['A', 'B', 'B', 'A']
      kafka.give(
        2,
        sides.flatMap((side, at) => orders(side, 1_000, 200, `${side}${at}`)),
        { timestampMs: 2_000 },
      )
    },
    ({ kafka }: Engine) => {
      kafka.give(1, [...orders('B', 0, 600), ...orders('B', 0, 600, 'again')], { timestampMs: 3_000 })
    },
  ]

  for (const [what, own] of Object.entries(programs)) {
    it(`comes to what it comes to without, from one start to the next: ${what}`, async () => {
      const expected = await twice(own, give, [0, 0])

      assert.ok(expected.written.length > 500)
      assert.deepEqual(await twice(own, give, [2, 3]), expected)
    })
  }

  it('gives each sink its records as they are without', async () => {
    const own = programs['several sinks, with keys, partitions and headers that functions make']!
    const writtenWith = async (workers: number) => {
      await using engine = await Engine.start(own, systemClock, { ...patient, ...on(workers) })
      for (const each of give) {
        each(engine)
        await settled(engine)
      }
      const merges = engine.kafka.written.filter((each) => engine.kindOf(each) === 'merged')
      return merges.map((each) => JSON.stringify(each)).toSorted()
    }
    const expected = await writtenWith(0)

    assert.equal(expected.filter((each) => each.includes('"timestampMs":1000')).length, 300)
    assert.deepEqual(await writtenWith(2), expected)
  })

  it('ends where a function fails on everything, and commits none of that', async () => {
    const own = merged.filter('good', () => assert.fail('nobody wants any')).sink('sink')
    await using engine = await Engine.start(own, systemClock, { ...patient, ...on(2), maxConsecutivePoison: 50 })
    engine.kafka.give(0, [...orders('A', 0, 200), ...orders('B', 0, 200)])

    await assert.rejects(settled(engine), { code: 'STAGE_FAILS_ON_EVERYTHING' })
    assert.deepEqual(engine.kafka.written, [])
  })

  it('ends where a function after the merge returns a promise', async () => {
    const own = merged.filter('late', (() => Promise.resolve(true)) as never).sink('sink')
    await using engine = await Engine.start(own, systemClock, { ...patient, ...on(2) })
    engine.kafka.give(0, [order('A', 1), order('B', 1)])

    await assert.rejects(settled(engine), { code: 'TOPOLOGY_INVALID' })
  })
})

describe('B17 a program whose table is in shards, with functions after the merge and completed keys', () => {
  const own = programs['functions, and completed keys that are remembered']!
  const several = (from: number, sides: string) => sides.split('').flatMap((side) => orders(side, from, 100))
  const give = [
    ({ kafka }: Engine) => {
      kafka.give(0, several(0, 'ABBAB'), { timestampMs: 1_000 })
      kafka.give(1, [...orders('A', 1_000, 100), ...several(2_000, 'AB')], { timestampMs: 1_000 })
    },
    ({ kafka }: Engine) => {
      kafka.give(1, several(1_000, 'BABA'), { timestampMs: 2_000 })
      kafka.give(2, several(0, 'AA'), { timestampMs: 2_000 })
    },
    // All are forgotten with the epoch of this record.
    ({ kafka }: Engine) => kafka.give(2, [order('A', 5_000)], { timestampMs: 100_000 }),
    ({ kafka }: Engine) => kafka.give(0, several(2_000, 'BABA'), { timestampMs: 100_000 }),
  ]

  it('knows what it knows without, from one start to the next, and through ends of threads', async () => {
    const giveThen = ({ kafka }: Engine) => {
      kafka.give(0, several(0, 'B'))
      kafka.give(1, several(2_000, 'BA'))
    }
    const starts = { own, give, giveThen }
    const expected = await keptOverStarts(starts, [0, 0, 0, 0])

    assert.deepEqual(await keptOverStarts(starts, [2, 0, 3, 2], [0, 3]), expected)
  })

  it('merges what lacks an optional side once it has waited, and again where that is refused', async () => {
    const optional = routed
      .correlate('by-key', field('key'), {
        of: ['A', 'B'],
        optional: { sides: ['B'], withinMs: 100 },
        rememberCompleted,
      })
      .filter('good', (_, key) => refuse(key))
      .sink('sink')
    const resultWith = async (workers: number) => {
      await using engine = await Engine.start(optional, systemClock, { ...patient, ...on(workers) })
      engine.kafka.give(0, several(0, 'A'))
      await settled(engine)
      await until('all are merged', () => engine.accounts[0]!.pending === 0)
      engine.kafka.give(0, several(0, 'BAB'))
      await settled(engine)
      return outputOf(engine)
    }
    const expected = await resultWith(0)

    // What is refused comes again with both sides, and the second B waits for an A in vain.
    assert.deepEqual(
      expected.accounts.map(({ emitted, duplicate, deadLettered }) => [emitted, duplicate, deadLettered])[0],
      [90, 270, 30],
    )
    assert.deepEqual(await resultWith(2), expected)
  })
})
