import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../../test/until.ts'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { number } from '../../state/index.ts'
import { order, ordersWith } from '../fixtures/orders.ts'
import { settled } from '../fixtures/settled.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import { header } from '../topology/key.ts'
import { onWorkers } from '../topology/on-workers.ts'
import { stage } from '../topology/stage.ts'
import { table } from '../topology/table.ts'
import { topology, type Topology } from '../topology/topology.ts'
import * as functions from '../workers/fixtures/functions.ts'
import type { Order } from '../workers/fixtures/functions.ts'
import { keptOverStarts } from './fixtures/kept-over-starts.ts'
import { on, orders, patient, twice } from './fixtures/two-starts.ts'
import { shardLost } from './shard-lost.ts'
import { TableOfLives } from './table-of-lives.ts'

const program = topology('orders')
  .source('source')
  .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
  .correlate('by-key', field('key'), { of: ['A', 'B'] })
  .sink('sink')

describe('B17 a program whose table is in shards', () => {
  it('comes to what it comes to without, from one start to the next: merges, dead letters and accounts', async () => {
    const give = [
      ({ kafka }: Engine) => {
        kafka.give(0, [
          ...orders('A', 0),
          ...orders('A', -50, 50),
          '{"side":',
          order('C', 1, 1),
          ...orders('A', -50, 50),
        ])
        kafka.give(1, ['no JSON', ...orders('B', 500)])
      },
      ({ kafka }: Engine) => {
        kafka.give(1, orders('B', -50, 100))
        kafka.give(2, orders('A', 1_000))
      },
    ]
    const expected = await twice(program, give, [0, 0])

    assert.equal(expected.written.length, 1_153)
    for (const workers of [
      [2, 0],
      [0, 3],
    ])
      assert.deepEqual(await twice(program, give, workers), expected)
  })

  it('takes promoted parts back at a start', async () => {
    const give = [
      ({ kafka }: Engine) => kafka.give(0, orders('A', 0)),
      ({ kafka }: Engine) => kafka.give(1, orders('B', 0)),
    ]
    const { accounts } = await twice(program, give, [2, 3], { replayRecordsMax: 10 })
    assert.deepEqual(
      accounts.map(({ emitted, pending }) => [emitted, pending]),
      [
        [1_000, 0],
        [1_000, 0],
        [0, 0],
      ],
    )
  })

  it('fails where one of its shards is full, as one table does', async () => {
    const options = { ...patient, workers: 2, pendingBytesMax: 1 << 20 }
    await using engine = await Engine.start(program, systemClock, options)
    engine.kafka.give(0, orders('A', 0, 1_000, 'x'.repeat(2_000)))
    const isFull = (error: unknown) => MillraceError.is(error) && error.code === 'TABLE_FULL'
    await until('a shard is full', () => engine.crashes.some(isFull))
  })

  it('has no rows to be read by their keys, and says so', async () => {
    await using engine = await Engine.start(program, systemClock, { ...patient, workers: 1 })
    await assert.rejects(engine.pending(1), { code: 'WORKERS_UNFIT' })
  })
})

const module = new URL('../workers/fixtures/functions.ts', import.meta.url)
const part = stage({ part: field('part') })
const seen = table('seen', { key: number, value: number })

/** Programs whose records have to be seen before they come to shards. */
const handed: Readonly<Record<string, () => Topology>> = {
  'functions on workers': () =>
    topology('orders')
      .source('source', { decode: onWorkers(functions.decoded, module) })
      .filter('some', onWorkers(functions.isWhole, module))
      .route('by-side', field('side'), { A: stage({ part: onWorkers(functions.obey, module) }), B: part })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink'),
  'functions on the main thread': () =>
    topology('orders')
      .source<Order & { readonly side: 'A' | 'B' }>('source', { timestamp: field('key') })
      .filter('some', functions.isWhole)
      .route('by-side', ({ side }) => side, { A: stage({ part: functions.obey }), B: part })
      .correlate('by-key', { A: ({ key }) => key, B: field('key') }, { of: ['A', 'B'], keyName: 'key' })
      .sink('sink'),
  'parts that are made once, and a route by a header': () => {
    const calls = new Map<number, number>()
    const numbered = (value: Order) => {
      const made = functions.obey(value)
      const call = (calls.get(value.key) ?? 0) + 1
      calls.set(value.key, call)
      return made && [made, call]
    }
    return topology('orders')
      .source('source')
      .route('by-side', header('side'), { A: stage({ part: numbered, deterministic: false }), B: part })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
  },
  'a flatMap, whose records go to several shards, or are none': () =>
    topology('orders')
      .source<Order & { readonly side: 'A' | 'B' }>('source')
      .flatMap(
        'several',
        (value) => {
          functions.obey(value)
          const { key } = value
          const others = [value, { ...value, key: key + 10_000 }, { ...value, key: key + 20_000 }]
          // None of some, two of one key of others, of which the second is a duplicate.
          return key % 10 === 3 ? [] : key % 10 === 4 ? [value, value] : others.slice(0, 1 + (key % 3))
        },
        { partsMax: 3 },
      )
      .route('by-side', field('side'), { A: stage({ part: functions.obey }), B: part })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink'),
  'functions with a table': () =>
    topology('orders')
      .tables(seen)
      .source('source')
      .route('by-side', field('side'), {
        A: stage<Order, unknown>({
          part(value, record) {
            const rows = record.table(seen)
            const count = (rows.get(value.key % 10) ?? 0) + 1
            rows.set(value.key % 10, count)
            return [functions.obey(value), count]
          },
        }),
        B: part,
      })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink'),
}

describe('B17 a program whose operators give shards rows', () => {
  const told = ['filter', 'throw', 'give up', 'no JSON']
  const parts = Array.from({ length: 600 }, (_, key) => (key % 50 === 7 ? told[(key / 50) & 3] : { of: key }))
  const sideOf = (side: string, from: number, to: number) =>
    parts.slice(from, to).map((own, at) => order(side, from + at, own))
  const options = { stageAttempts: 2, stageRetryFirstMs: 1, stageRetryMaxMs: 1, maxConsecutivePoison: 1_000 }
  const give = [
    ({ kafka }: Engine) => {
      kafka.give(0, [...sideOf('A', 0, 600), ...sideOf('A', 0, 50), 'no JSON', order('C', 1)], {
        headers: { side: 'A' },
      })
      kafka.give(1, sideOf('B', 0, 300), { headers: { side: 'B' } })
    },
    ({ kafka }: Engine) => {
      kafka.give(0, sideOf('A', 550, 600), { headers: { side: 'A' } })
      kafka.give(1, sideOf('B', 300, 600), { headers: { side: 'B' } })
    },
  ]

  for (const [what, own] of Object.entries(handed)) {
    it(`comes to what it comes to without, from one start to the next: ${what}`, async () => {
      const expected = await twice(own(), give, [0, 0], options)

      assert.ok(expected.accounts[0]!.emitted > 500 && expected.accounts[0]!.deadLettered > 5)
      assert.deepEqual(await twice(own(), give, [2, 1], options), expected)
    })
  }

  it('goes on where a record ends the thread of its function, which has failed by that', async () => {
    const own = handed['functions on workers']!()
    await using engine = await Engine.start(own, systemClock, { ...patient, ...options, ...on(2) })
    engine.kafka.give(0, [...sideOf('A', 0, 5), order('A', 5, 'exit'), ...sideOf('B', 0, 6)])

    await settled(engine)

    const { emitted, deadLettered, pending } = engine.accounts[0]!
    assert.deepEqual([emitted, deadLettered, pending], [10, 1, 1])
    assert.equal(engine.crashes.length, 2)
  })
})

const expireAfterMs = 60_000

/** Programs whose rows expire, by who reads the records. */
const expiring: Readonly<Record<string, Topology>> = {
  'records that shards read': ordersWith({ expireAfterMs, expireTo: { A: 'late-without-A' } }),
  'rows that operators make': topology('orders')
    .source('source')
    .filter('some', () => true)
    .route('by-side', field('side'), { A: part, B: part })
    .correlate('by-key', field('key'), { of: ['A', 'B'], expireAfterMs })
    .sink('sink'),
}

describe('B17 a program in shards whose rows expire', () => {
  const dayMs = 86_400_000
  const startMs = systemClock.nowMs() - dayMs
  const give = [
    ({ kafka }: Engine) => {
      kafka.give(0, orders('A', 0), { timestampMs: startMs })
      kafka.give(1, orders('B', 300), { timestampMs: startMs + 1_000 })
      // Nobody believes it.
      kafka.give(1, orders('A', -1, 1), { timestampMs: startMs + 10 * dayMs })
    },
    ({ kafka }: Engine) => {
      for (const partition of [0, 1, 2])
        kafka.give(partition, orders('A', 2_000 + partition, 1), { timestampMs: startMs + 2 * expireAfterMs })
    },
  ]

  for (const [what, own] of Object.entries(expiring)) {
    it(`lets them leave when they do without: ${what}`, async () => {
      const expected = await twice(own, give, [0, 0])

      assert.deepEqual(
        expected.accounts.map(({ expired, deadLettered, pending }) => [expired, deadLettered, pending]),
        [
          [300, 0, 1],
          [300, 1, 1],
          [0, 0, 1],
        ],
      )
      assert.deepEqual(await twice(own, give, [2, 3]), expected)
    })
  }

  it('lets them leave by the time of day while no records come', async () => {
    const own = ordersWith({ expireAfterMs: 400, expireBy: 'processingTime' })
    await using engine = await Engine.start(own, systemClock, { ...patient, workers: 2 })
    engine.kafka.give(0, orders('A', 0, 500), { timestampMs: systemClock.nowMs() })
    await settled(engine)

    await until('all rows have expired', () => engine.accounts[0]!.expired === 500)
    assert.equal(engine.accounts[0]!.pending, 0)
  })

  it('lets those leave that have expired meanwhile before it reads, so that a full table gets room', async () => {
    const before = await Engine.start(program, systemClock, { ...patient, workers: 2 })
    before.kafka.give(0, orders('A', 0, 700, 'x'.repeat(2_000)), { timestampMs: startMs })
    await settled(before)
    await before.system.stop({ drainMs: 0 })
    const own = ordersWith({ expireAfterMs, expireBy: 'processingTime' })
    await using engine = await Engine.resume(before, own, systemClock, {
      ...patient,
      workers: 2,
      pendingBytesMax: 1 << 20,
    })
    engine.kafka.give(1, orders('B', 0, 100), { timestampMs: systemClock.nowMs() })
    await settled(engine)

    const [first, second] = engine.accounts
    assert.deepEqual([first!.expired, first!.pending, second!.pending], [700, 0, 100])
  })
})

describe('B17 a program in shards that remembers completed keys', () => {
  const remembering = ordersWith({ rememberCompleted: { forMs: 60_000 } })
  const again = ['A', 'B', 'A'].flatMap((side) => orders(side, 0, 400))
  const give = [
    ({ kafka }: Engine) => {
      kafka.give(0, [...orders('A', 0), ...orders('B', 0)], { timestampMs: 1_000 })
      kafka.give(1, [...orders('B', 2_000), ...orders('A', 2_000)], { timestampMs: 1_000 })
    },
    ({ kafka }: Engine) => {
      kafka.give(0, orders('A', 900, 50), { timestampMs: 2_000 })
      kafka.give(1, orders('A', 2_900, 50), { timestampMs: 2_000 })
    },
    // All are forgotten with the epoch of this record.
    ({ kafka }: Engine) => kafka.give(2, orders('A', 5_000, 1), { timestampMs: 100_000 }),
    ({ kafka }: Engine) => kafka.give(0, again, { timestampMs: 100_000 }),
  ]

  it('knows what it knows without, from one start to the next, and through an end of a thread', async () => {
    const giveThen = ({ kafka }: Engine) => kafka.give(0, orders('B', 0, 10))
    const starts = { own: remembering, give, giveThen }
    const expected = await keptOverStarts(starts, [0, 0, 0, 0])

    const duplicates = expected.accounts.map(({ duplicate }) => duplicate)
    // Where they are forgotten, ten begin rows that the first part of them completes again.
    assert.deepEqual(duplicates, [10 + 50 + 10 + (400 + 10) + 10, 50, 0])
    assert.deepEqual(await keptOverStarts(starts, [2, 0, 3, 2], [0, 3]), expected)
  })
})

describe('B17 a program in shards whose sink has headers and a timestamp of its own', () => {
  const optional = { sides: ['B'], withinMs: 100 } as const
  const own = topology('orders')
    .source('source')
    .route('by-side', field('side'), { A: part, B: part, C: part })
    .correlate('by-key', field('key'), { of: ['A', 'B', 'C'], optional, rememberCompleted: { forMs: 60_000 } })
    .sink('sink', { headers: { origin: 'shop' }, timestamp: 'least', compression: 'gzip' })

  it('gives it what it gives it without, of whole rows and of those that lack a side', async () => {
    const writtenWith = async (workers: number) => {
      await using engine = await Engine.start(own, systemClock, { ...patient, ...on(workers) })
      for (const [partition, side] of ['B', 'A', 'C'].entries()) {
        engine.kafka.give(partition, orders(side, 0, side === 'B' ? 100 : 200), { timestampMs: 1_000 + partition })
        await settled(engine)
      }
      await until('all are merged', () => engine.accounts.every(({ pending }) => pending === 0))
      return engine.kafka.written.map((each) => JSON.stringify(each)).toSorted()
    }
    const expected = await writtenWith(0)

    assert.equal(expected.length, 200)
    assert.match(expected[0]!, /"timestampMs":100[01],.*"origin":"shop"/)
    assert.deepEqual(await writtenWith(2), expected)
  })
})

describe('the shards of a program over its lives', () => {
  it('count a lost one as a crash only when that comes time and again without an epoch', () => {
    const table = new TableOfLives([])
    const events = { onBatch() {}, onMerges: () => undefined, onTraced() {}, onRefused() {}, onDropped() {} }
    table.in({ ref: () => assert.fail('there are none') }, events)
    const losses = (count: number) => Array.from({ length: count }, () => table.countsAsCrash(shardLost(0)))

    assert.equal(table.countsAsCrash(new Error('a defect')), true)
    assert.deepEqual(losses(6), [false, false, false, false, false, true])
    table.commit()
    assert.deepEqual(losses(6), [false, false, false, false, false, true])
  })
})
