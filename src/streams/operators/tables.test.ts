import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StateError, TopologyError } from '../../core/errors.ts'
import { json, number, text } from '../../state/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { orders } from '../fixtures/orders.ts'
import { numbered, perCountry } from '../fixtures/per-country.ts'
import { Engine } from '../in-memory/engine.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import type { TablesSnapshot } from '../tables/tables-snapshot.ts'
import { field } from '../topology/field.ts'
import type { RecordView } from '../topology/record-view.ts'
import { stage } from '../topology/stage.ts'
import { type RecordTable, table } from '../topology/table.ts'
import { topology } from '../topology/topology.ts'

interface Order {
  readonly side: 'A' | 'B'
  readonly id: string
  readonly country: string
  readonly event: string
}

const seen = table('seen', { key: text, value: json<{ at: number }>() })

/** Lets on the first record of each event. */
function isFirst({ event }: Order, record: RecordView): boolean {
  const events = record.table(seen)
  if (events.has(event)) return false
  events.set(event, { at: record.timestampMs })
  return true
}

const program = (part: (value: Order, record: RecordView) => unknown = numbered) =>
  topology('orders')
    .tables(seen, perCountry)
    .source<Order>('source')
    .filter('first', isFirst)
    .route('by-side', ({ side }) => side, { A: stage<Order, unknown>({ part }), B: stage<Order, unknown>({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink('sink')

let events = 0
const order = (side: Order['side'], id: string, country = 'GB', event = `e-${events++}`) =>
  JSON.stringify({ side, id, country, event })

const merged = ({ kafka }: Engine) => kafka.written.map(({ value }) => JSON.parse(value!) as unknown)

/** The rows in a checkpoint are those that its manifest says. */
function assertWhole({ kafka }: Engine): void {
  const { tables } = manifestOf(kafka.checkpoint)!
  const found = CheckpointTables.of(kafka.checkpoint)
  for (const each of tables!) assert.ok(isTableWhole(each, found.sumOf(each.name)), each.name)
}

describe('a function with a table', () => {
  it('reads what the functions of the records before it have written', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(program(), time)

    engine.kafka.give(0, [order('A', '1'), order('A', '2', 'DK'), order('B', '1'), order('B', '2', 'DK')])
    await time.until(engine.drain())

    assert.deepEqual(merged(engine), [
      { id: '1', A: 1, B: 2 },
      { id: '2', A: 1, B: 2 },
    ])
    assertWhole(engine)
  })

  it('counts each record once, whatever becomes of the epochs', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(program(), time)
    engine.kafka.outcomes.push('aborted', 'committed', 'answer lost', 'aborted', 'answer lost')
    for (let id = 0; id < 5; id++) {
      engine.kafka.give(0, [order('A', String(id)), order('B', String(id))])
      await time.advance(20_000)
    }
    await time.until(engine.drain())

    assert.deepEqual(
      merged(engine),
      Array.from({ length: 5 }, (_, id) => ({ id: String(id), A: 2 * id + 1, B: 2 * id + 2 })),
    )
    assertWhole(engine)
    assert.ok(engine.session.lives.incarnation > 1)
  })

  it('is not shown a record again that is pending: neither dropped as seen, nor counted twice', async () => {
    const time = new VirtualClock()
    const first = await Engine.start(program(), time)
    first.kafka.give(0, [order('A', '1', 'GB', 'x'), order('A', '1', 'GB', 'x'), order('A', '2', 'GB')])
    await time.until(first.drain())
    await first[Symbol.asyncDispose]()
    const calls: string[] = []

    await using engine = await Engine.resume(
      first,
      program((value, record) => {
        calls.push(value.id)
        return numbered(value, record)
      }),
      time,
    )
    engine.kafka.give(0, [order('B', '1', 'GB'), order('A', '1', 'GB', 'x'), order('B', '2', 'GB')])
    await time.until(engine.drain())

    assert.deepEqual(calls, ['1', '2'])
    assert.deepEqual(merged(engine), [
      { id: '1', A: 1, B: 3 },
      { id: '2', A: 2, B: 4 },
    ])
    assertWhole(engine)
    const [account] = engine.accounts
    assert.ok(isBalanced(account!))
    assert.deepEqual([account!.emitted, account!.filtered], [4, 2])
  })

  it('changes nothing where it throws, which it does once', async () => {
    const time = new VirtualClock()
    let badCalls = 0
    const failing = program((value, record) => {
      const count = numbered(value, record)
      if (value.id !== 'bad') return count
      badCalls++
      throw new Error('no order')
    })
    await using engine = await Engine.start(failing, time)

    engine.kafka.give(0, [order('A', '1'), order('A', 'bad'), order('A', '2'), order('B', '1'), order('B', '2')])
    await time.until(engine.drain())

    const values = merged(engine).flatMap((each) => Object.values(each as Record<string, unknown>))
    assert.deepEqual(new Set(values.filter((each) => typeof each === 'number')), new Set([1, 2, 3, 4]))
    assert.deepEqual(
      engine.kafka.written.flatMap(({ letter }) => (letter === undefined ? [] : [letter.reason])),
      ['STAGE_FAILED'],
    )
    assert.equal(badCalls, 1)
    assertWhole(engine)
  })

  it('ends the program where it returns a promise, uses a table later, or one that the topology does not have', async () => {
    const other = table('other', { key: text, value: number })
    let view: RecordTable<string, number> | undefined
    const wrong: Record<string, (value: Order, record: RecordView) => unknown> = {
      'returns a promise': async (value, record) => numbered(value, record),
      'is used after its function has ended': async (_, record) => {
        await Promise.resolve()
        record.table(perCountry)
      },
      'is none of the topology': (_, record) => record.table(other).get('x'),
      'after its function': (_, record) => {
        view?.get('x')
        view = record.table(perCountry)
        return Promise.resolve().then(() => view!.get('x'))
      },
    }
    for (const [said, part] of Object.entries(wrong)) {
      const time = new VirtualClock()
      const message = said === 'after its function' ? 'returns a promise' : said
      await using engine = await Engine.start(program(part), time)
      engine.kafka.give(0, [order('A', '1')])
      await time.advance(60_000)
      assert.ok(TopologyError.is(engine.crashes[0]))
      assert.match(engine.crashes[0].message, new RegExp(message))
    }
  })

  it('ends the program where a table is full, and makes a dead letter of a record whose row no record can have', async () => {
    const small = table('small', { key: text, value: text, bytesMax: 1_024 })
    const filling = (rowBytes: number) =>
      topology('filling')
        .tables(small)
        .source<Order>('source')
        .route('by-side', ({ side }) => side, {
          A: stage<Order, number>({
            part({ id }, record) {
              record.table(small).set(id, 'x'.repeat(rowBytes))
              return 1
            },
          }),
          B: stage<Order, number>({ part: () => 1 }),
        })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink')
    const time = new VirtualClock()
    await using full = await Engine.start(filling(300), time)
    full.kafka.give(
      0,
      ['1', '2', '3'].map((id) => order('A', id)),
    )
    await time.advance(60_000)
    assert.ok(StateError.is(full.crashes[0]))
    assert.equal(full.crashes[0].code, 'STATE_BYTES_EXCEEDED')

    const later = new VirtualClock()
    await using engine = await Engine.start(filling(2 << 20), later)
    engine.kafka.give(0, [order('A', '1')])
    await later.advance(60_000)
    await later.until(engine.drain())
    assert.deepEqual(
      engine.kafka.written.map(({ letter }) => letter?.reason),
      ['STAGE_FAILED'],
    )
  })

  it('is named where a function gives it a key or a value that is none of its own', async () => {
    const given = (part: (events: RecordTable<string, { at: number }>) => unknown) =>
      program((_, record) => part(record.table(seen)))
    const time = new VirtualClock()
    const causes = []
    for (const part of [
      (events: RecordTable<string, { at: number }>) => events.get(7 as never),
      (events: RecordTable<string, { at: number }>) => events.set('e', 7n as never),
    ]) {
      await using engine = await Engine.start(given(part), time)
      engine.kafka.give(0, [order('A', '1')])
      await time.advance(60_000)
      await time.until(engine.drain())
      causes.push(...engine.kafka.written.map(({ letter }) => letter?.cause))
    }

    assert.deepEqual(causes, [
      'the key of a row of table "seen": expected a string, not number',
      'the value of a row of table "seen": a value has a part that JSON cannot hold: Do not know how to serialize a BigInt',
    ])
  })

  it('has its changes in the epoch of their records, however epochs are cut and however long a commit takes', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(program(), time, { epochBytes: 65_536, epochMs: 1 })
    const held = Promise.withResolvers<void>()
    engine.kafka.held = held.promise
    const ids = Array.from({ length: 2_500 }, (_, id) => String(id))
    const ordersOf = (side: Order['side'], from: number, to: number) =>
      ids.slice(from, to).map((id) => order(side, id, `C${Number(id) % 7}`))
    engine.kafka.give(0, ordersOf('A', 0, 2_500))
    await time.advance(200)
    engine.kafka.give(0, ordersOf('B', 0, 2_200))
    await time.advance(200)
    engine.kafka.outcomes.push('committed', 'answer lost', 'aborted', 'committed', 'aborted')
    held.resolve()
    for (let from = 2_200; from < 2_500; from += 50) {
      engine.kafka.give(0, ordersOf('B', from, from + 50))
      await time.advance(20_000)
    }
    await time.until(engine.drain())

    const numbers = new Map<number, Set<number>>()
    for (const each of merged(engine) as { id: string; A: number; B: number }[]) {
      const ofCountry = numbers.get(Number(each.id) % 7) ?? new Set()
      numbers.set(Number(each.id) % 7, ofCountry.add(each.A).add(each.B))
    }
    assert.deepEqual(
      Array.from({ length: 7 }, (_, country) => [numbers.get(country)!.size, Math.max(...numbers.get(country)!)]),
      Array.from({ length: 7 }, (_, country) => {
        const count = 2 * ids.filter((id) => Number(id) % 7 === country).length
        return [count, count]
      }),
    )
    assert.ok(engine.kafka.lastEpoch > 3)
    assertWhole(engine)
  })
})

describe('a topology with tables', () => {
  it('is refused where two have one name, or a table changes with two correlations', () => {
    const refusal = (make: () => unknown) => {
      try {
        make()
      } catch (error) {
        return (error as Error).message
      }
      return undefined
    }
    const begun = topology('t').tables(seen)
    const further = topology('t')
      .tables(seen)
      .source('source')
      .route('by-side', field('side'), { A: stage(), B: stage() })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .into('merged')

    assert.match(
      refusal(() => further.tables(seen))!,
      /table "seen" changes with the epochs of one subtopology/,
    )
    assert.match(
      refusal(() => begun.tables(seen))!,
      /two tables have the name "seen"/,
    )
    assert.match(
      refusal(() => begun.tables({} as never))!,
      /table\(…\) returns/,
    )
    assert.match(
      refusal(() => table('a/b', { key: text, value: text }))!,
      /the name of a table/,
    )
    assert.match(
      refusal(() => table('a', { key: text } as never))!,
      /the value of table "a"/,
    )
    assert.match(
      refusal(() => table('a', { key: text, value: text, bytesMax: 1 }))!,
      /bytesMax/,
    )
  })
})

describe('a query of tables', () => {
  it('reads the rows of the last committed epoch, all of the same one, whatever comes later', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(program(), time)
    engine.kafka.give(0, [order('A', '1', 'GB', 'x'), order('A', '2', 'DK')])
    await time.until(engine.drain())
    const held = Promise.withResolvers<void>()
    using before = engine.query()

    engine.kafka.held = held.promise
    engine.kafka.give(0, [order('B', '1', 'GB'), order('B', '2', 'SE')])
    await time.advance(1_000)
    using meanwhile = engine.query()
    const atCommit = new Map(meanwhile.table(perCountry))
    held.resolve()
    await time.advance(1_000)
    using after = engine.query()

    const rowsOf = (rows: TablesSnapshot) => new Map(rows.table(perCountry))
    const old = new Map([
      ['DK', 1],
      ['GB', 1],
    ])
    assert.deepEqual([rowsOf(before), atCommit, rowsOf(meanwhile)], [old, old, old])
    assert.deepEqual(rowsOf(after), new Map([...old, ['GB', 2], ['SE', 1]]))
    assert.deepEqual([before.epoch, meanwhile.epoch, after.epoch], [1, 1, 2])
    assert.deepEqual([before.table(seen).size, after.table(seen).size], [2, 4])
    assert.deepEqual([before.table(seen).get('x'), before.table(seen).has('y')], [{ at: 0 }, false])
    assert.throws(() => before.table(table('other', { key: text, value: text })), { code: 'TOPOLOGY_INVALID' })
  })

  it('fails for a program without tables', async () => {
    await using engine = await Engine.start(orders, new VirtualClock())
    assert.throws(() => engine.query(), { code: 'TABLES_ABSENT' })
  })
})
