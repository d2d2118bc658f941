import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { number, text } from '../../state/index.ts'
import { numbered, perCountry } from '../fixtures/per-country.ts'
import { driveTopology, VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import type { CorrelateOptions } from '../topology/correlation.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { table } from '../topology/table.ts'
import { topology } from '../topology/topology.ts'
import { tumbling } from '../topology/windows.ts'

interface Item {
  readonly id: string
  readonly country: string
  readonly filling?: string
}

const totals = table('totals', { key: text, value: number })

const numberedStage = stage<Item, unknown>({ part: (item, record) => ({ number: numbered(item, record) }) })

/** Orders with several items, each of which is numbered within its country, and joined with its payment. */
const split = (options: Partial<CorrelateOptions<'item' | 'payment'>> = {}) =>
  topology('split')
    .tables(perCountry)
    .source<{ readonly items: readonly Item[] }>('orders')
    .flatMap('items', ({ items }, record) => items.map((item) => ({ ...item, number: numbered(item, record) })), {
      partsMax: 8,
    })
    .side('item')
    .source<Item>('payments')
    .side('payment', stage({ part: field('id') }))
    .correlate('by-id', field('id'), { of: ['item', 'payment'], ...options })
    .sink('sink')

const countries = 3
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)
const itemOf = (id: number, filling?: string): Item => ({
  id: `i-${id}`,
  country: `C${id % countries}`,
  ...(filling !== undefined && { filling }),
})
const ordersOf = (from: number, to: number, filling?: string) =>
  Array.from({ length: (to - from) / 4 }, (_, at) =>
    JSON.stringify({ items: [0, 1, 2, 3].map((part) => itemOf(from + 4 * at + part, filling)) }),
  )
const paymentsOf = (ids: readonly number[]) => ids.map((id) => JSON.stringify(itemOf(id)))

const merged = ({ kafka }: Engine) =>
  kafka.written.flatMap(({ value, letter }) => {
    return letter === undefined ? [JSON.parse(value!) as { id: string; item: { number: number } }] : []
  })

/** Each item has a number of its own in its country, and they are the first ones. */
function assertNumbered(numbersById: ReadonlyMap<string, number>, count: number): void {
  const byCountry = Map.groupBy(upTo(count), (id) => id % countries)
  for (const ids of byCountry.values()) {
    const numbers = ids.map((id) => numbersById.get(`i-${id}`)!).sort((left, right) => left - right)
    assert.deepEqual(
      numbers,
      ids.map((_, at) => at + 1),
    )
  }
}

/** The rows in a checkpoint are those that its manifest says. */
function assertWhole({ kafka }: Engine): void {
  const found = CheckpointTables.of(kafka.checkpoint)
  for (const each of manifestOf(kafka.checkpoint)!.tables!) {
    assert.ok(isTableWhole(each, found.sumOf(each.name)), each.name)
  }
}

describe('tables in a program with a flatMap', () => {
  it('change once for each item, however epochs are cut and whatever becomes of them', async () => {
    const time = new VirtualClock()
    const count = 12_000
    await using engine = await Engine.start(split(), time, { epochBytes: 65_536, epochMs: 1 })
    for (let from = 0; from < count; from += 4_000) {
      const ids = upTo(4_000).map((at) => from + at)
      engine.kafka.give(0, paymentsOf(ids), undefined, 'payments')
      await time.advance(20_000)
      // All of these complete within one batch of the source, whose output is that of several epochs.
      engine.kafka.outcomes.push('committed', 'aborted', 'committed', 'answer lost')
      engine.kafka.give(0, ordersOf(from, from + 4_000), undefined, 'orders')
      await time.advance(20_000)
    }
    await time.until(engine.drain())

    const numbers = new Map(merged(engine).map(({ id, item }) => [id, item.number]))
    assert.equal(merged(engine).length, count)
    assertNumbered(numbers, count)
    assertWhole(engine)
    assert.ok(engine.kafka.lastEpoch > 3 && engine.session.lives.incarnation > 1)
    assert.ok(engine.accounts.every(isBalanced))
  })

  it('are not asked again for items that are pending over a restart', async () => {
    const time = new VirtualClock()
    const first = await Engine.start(split(), time)
    first.kafka.give(0, ordersOf(0, 40), undefined, 'orders')
    await time.until(first.drain())
    await first[Symbol.asyncDispose]()

    await using engine = await Engine.resume(first, split(), time)
    engine.kafka.give(0, ordersOf(40, 80), undefined, 'orders')
    engine.kafka.give(0, paymentsOf(upTo(80)), undefined, 'payments')
    await time.until(engine.drain())

    assertNumbered(new Map(merged(engine).map(({ id, item }) => [id, item.number])), 80)
    assertWhole(engine)
  })
})

for (const whenFull of ['promote', 'expire-oldest'] as const) {
  describe(`tables in a program whose full table ${whenFull === 'promote' ? 'moves rows out' : 'drops rows'}`, () => {
    it('change once for each item, whatever becomes of epochs and rows', async () => {
      const time = new VirtualClock()
      const filling = 'x'.repeat(1_500)
      const count = 4_000
      const options = { pendingBytesMax: 2 << 20, epochMs: 1 }
      const first = await Engine.start(split({ whenFull }), time, options)
      first.kafka.outcomes.push('committed', 'aborted', 'committed', 'answer lost', 'aborted')
      const half = count / 2
      first.kafka.give(0, ordersOf(0, half, filling), undefined, 'orders')
      await time.advance(60_000)
      const ids = upTo(half)
      first.kafka.give(0, paymentsOf(ids.filter((id) => (id * 7) % 5 > 2)), undefined, 'payments')
      await time.advance(60_000)
      await time.until(first.drain())
      await first[Symbol.asyncDispose]()

      await using engine = await Engine.resume(first, split({ whenFull }), time, options)
      engine.kafka.outcomes.push('committed', 'aborted', 'committed', 'answer lost')
      engine.kafka.give(0, ordersOf(half, count, filling), undefined, 'orders')
      await time.advance(60_000)
      engine.kafka.give(
        0,
        paymentsOf(ids.filter((id) => (id * 7) % 5 <= 2).concat(ids.map((id) => id + half))),
        undefined,
        'payments',
      )
      await time.advance(60_000)
      await time.until(engine.drain())

      const numbers = new Map(merged(engine).map(({ id, item }) => [id, item.number]))
      using rows = engine.query()
      const expected = Array.from({ length: countries }, (_, country) => {
        return [`C${country}`, Math.ceil((count - country) / countries)] as const
      })
      assert.deepEqual(new Map(rows.table(perCountry)), new Map(expected))
      assertWhole(engine)
      assert.ok(engine.accounts.every(isBalanced))
      if (whenFull === 'promote') {
        assert.equal(merged(engine).length, count)
        assertNumbered(numbers, count)
        assert.ok(first.session.state.cold!.partCount > 0)
      } else {
        assert.ok(numbers.size === merged(engine).length && numbers.size < count)
        assert.ok(engine.kafka.written.some(({ letter }) => letter?.reason === 'EVICTED'))
      }
    })
  })
}

describe('tables before windows', () => {
  const windowed = (bytesMax?: number) =>
    topology('windowed')
      .tables(perCountry)
      .source<{ readonly items: readonly Item[] }>('orders')
      .flatMap('items', ({ items }) => items, { partsMax: 8 })
      .map('number', (item: Item, record) => ({ ...item, number: numbered(item, record) }))
      .groupBy('by-country', field('country'))
      .window(tumbling({ sizeMs: 1_000 }), bytesMax === undefined ? {} : { bytesMax })
      .collect(field('number'))
      .sink('results')

  for (const bytesMax of [undefined, 40_000]) {
    it(`number each item once, ${bytesMax === undefined ? '' : 'where windows have hardly room too, '}whatever becomes of epochs`, async () => {
      const time = new VirtualClock()
      await using engine = await Engine.start(windowed(bytesMax), time, { epochBytes: 65_536, epochMs: 1 })
      engine.kafka.outcomes.push('committed', 'aborted', 'answer lost', 'committed', 'aborted')
      for (let round = 0; round < 12; round++) {
        const records = ordersOf(round * 400, (round + 1) * 400)
        engine.kafka.give(0, records, { timestampMs: 1_000 * round }, 'orders')
        await time.advance(20_000)
      }
      engine.kafka.give(0, ordersOf(4_800, 4_804), { timestampMs: 100_000 }, 'orders')
      await time.advance(20_000)
      await time.until(engine.drain())

      const results = engine.kafka.written.map(({ value }) => {
        return JSON.parse(value!) as { country: string; start: number; value: number[] }
      })
      const numbers = Map.groupBy(
        results.filter(({ start }) => start < 100_000),
        ({ country }) => country,
      )
      for (const ofCountry of numbers.values()) {
        const all = ofCountry.flatMap(({ value }) => value).sort((left, right) => left - right)
        assert.deepEqual(
          all,
          all.map((_, at) => at + 1),
        )
        assert.equal(all.length, 1_600)
      }
      assertWhole(engine)
    })
  }
})

describe('tables of a further correlation', () => {
  const chained = topology('chained')
    .tables(perCountry)
    .source<Item>('orders')
    .side('order', numberedStage)
    .source('payments')
    .side('payment', stage({ part: field('id') }))
    .correlate('by-id', field('id'), { of: ['order', 'payment'] })
    .map('paid-order', ({ order }, id) => ({ country: 'all', id, number: (order as { number: number }).number }))
    .into(
      'paid',
      stage<{ id: string; number: number }, number>({
        part({ number: of }, record) {
          const sums = record.table(totals)
          const sum = (sums.get('paid') ?? 0) + of
          sums.set('paid', sum)
          return sum
        },
      }),
    )
    .tables(totals)
    .source('closings')
    .side('closing', stage({ part: field('at') }))
    .correlate('by-country', field('country'), { of: ['paid', 'closing'] })
    .sink('closed')

  it('are read together with those of the one before, and not by its functions', async () => {
    await using driver = await driveTopology(chained)
    await driver.give(
      [
        { id: '1', country: 'DK' },
        { id: '2', country: 'DK' },
      ],
      { topic: 'orders' },
    )
    await driver.give([{ id: '2' }], { topic: 'payments' })
    await driver.give([{ country: 'all', at: 7 }], { topic: 'closings' })

    using rows = driver.query()
    assert.deepEqual([rows.table(perCountry).get('DK'), rows.table(totals).get('paid')], [2, 2])
    assert.deepEqual(
      driver.merged().map(({ text: value }) => value),
      ['{"country":"all","paid":2,"closing":7}'],
    )
  })
})
