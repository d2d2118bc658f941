import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TopologyError } from '../../core/errors.ts'
import { number, text } from '../../state/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import type { RecordView } from '../topology/record-view.ts'
import { stage } from '../topology/stage.ts'
import { table } from '../topology/table.ts'
import { topology } from '../topology/topology.ts'

interface Order {
  readonly side: 'A' | 'B'
  readonly id: string
  readonly by: string
}

const names = table('names', { topic: 'people', key: text, value: text })

const called = ({ by }: Order, record: RecordView) => record.table(names).get(by) ?? 'nobody'

/** The lookups are those of a filter, a map, a route, and stages. */
const program = (part: (value: Order, record: RecordView) => unknown = called) =>
  topology('orders')
    .tables(names)
    .source<Order>('source')
    .filter('known', ({ by }, record) => by !== 'left' || record.table(names).has(by))
    .map('same', (value, record) => ({ ...value, isNamed: record.table(names).has(value.by) }))
    .route('by-side', ({ side }, record) => (record.table(names).has('closed') ? 'C' : side), {
      A: stage<Order, unknown>({ part }),
      B: stage<Order, unknown>({ part }),
    })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink('sink')

const order = (side: Order['side'], id: string, by: string) => JSON.stringify({ side, id, by })
const merged = ({ kafka }: Engine) => kafka.written.map(({ value }) => JSON.parse(value!) as unknown)

describe('a function with a table that a topic fills', () => {
  it('finds what the topic has had by then, and in filters, maps, and routes too', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(program(), time)
    engine.fill(names, [['ada', 'Ada']])
    engine.kafka.give(0, [order('A', '1', 'ada'), order('A', '2', 'left'), order('A', '3', 'bo')])
    await time.until(engine.drain())
    engine.fill(names, [
      ['ada', undefined],
      ['bo', 'Bo'],
      ['left', 'Lee'],
    ])
    engine.kafka.give(0, [order('B', '1', 'ada'), order('B', '3', 'bo'), order('A', '4', 'left')])
    await time.until(engine.drain())

    assert.deepEqual(merged(engine), [
      { id: '1', A: 'Ada', B: 'nobody' },
      { id: '3', A: 'nobody', B: 'Bo' },
    ])
    const [account] = engine.accounts
    assert.deepEqual([account!.pending, account!.filtered], [1, 1])
    engine.fill(names, [['closed', '']])
    engine.kafka.give(0, [order('B', '4', 'left')])
    await time.until(engine.drain())
    assert.deepEqual(engine.kafka.written.at(-1)!.letter?.reason, 'UNKNOWN_STAGE')
  })

  it('is not asked again for what is pending, which keeps what it has found', async () => {
    const time = new VirtualClock()
    const first = await Engine.start(program(), time)
    first.fill(names, [['ada', 'Ada']])
    first.kafka.give(0, [order('A', '1', 'ada')])
    await time.until(first.drain())
    await first[Symbol.asyncDispose]()
    const calls: string[] = []

    await using engine = await Engine.resume(
      first,
      program((value, record) => {
        calls.push(value.side)
        return called(value, record)
      }),
      time,
    )
    engine.kafka.give(0, [order('B', '1', 'ada')])
    await time.until(engine.drain())

    assert.deepEqual(calls, ['B'])
    assert.deepEqual(merged(engine), [{ id: '1', A: 'Ada', B: 'nobody' }])
    const { lookups, tables } = manifestOf(engine.kafka.checkpoint)!
    assert.deepEqual([lookups, tables], [[{ name: 'names', topic: 'people' }], undefined])
  })

  it('may wait for something, and look up after that', async () => {
    const time = new VirtualClock()
    const waiting = program(async (value, record) => {
      const before = called(value, record)
      await Promise.resolve()
      return [before, called(value, record)]
    })
    await using engine = await Engine.start(waiting, time)
    engine.fill(names, [['ada', 'Ada']])
    engine.kafka.give(0, [order('A', '1', 'ada'), order('B', '1', 'ada')])
    await time.until(engine.drain())

    assert.deepEqual(merged(engine), [{ id: '1', A: ['Ada', 'Ada'], B: ['Ada', 'Ada'] }])
  })

  it('ends the program where it changes the table, or asks for one that the topology does not have', async () => {
    const other = table('other', { topic: 'others', key: text, value: text })
    const wrong: [string, (value: Order, record: RecordView) => unknown][] = [
      ['TABLE_READ_ONLY', (_, record) => (record.table(names) as unknown as Map<string, string>).set('ada', 'Eve')],
      ['TABLE_READ_ONLY', (_, record) => (record.table(names) as unknown as Map<string, string>).delete('ada')],
      ['TOPOLOGY_INVALID', (_, record) => record.table(other).get('ada')],
    ]
    for (const [code, part] of wrong) {
      const time = new VirtualClock()
      await using engine = await Engine.start(program(part), time)
      engine.kafka.give(0, [order('A', '1', 'ada')])
      await time.advance(60_000)
      assert.ok(TopologyError.is(engine.crashes[0]))
      assert.equal(engine.crashes[0].code, code)
    }
  })

  it('goes together with tables that functions change', async () => {
    const counts = table('counts', { key: text, value: number })
    const both = topology('orders')
      .tables(names, counts)
      .source<Order>('source')
      .route('by-side', field('side'), {
        A: stage<Order, string>({
          part(value, record) {
            const name = called(value, record)
            const count = (record.table(counts).get(name) ?? 0) + 1
            record.table(counts).set(name, count)
            return `${name} ${count}`
          },
        }),
        B: stage<Order, string>({ part: called }),
      })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('sink')
    const time = new VirtualClock()
    await using engine = await Engine.start(both, time)
    engine.fill(names, [['ada', 'Ada']])
    engine.kafka.give(0, [order('A', '1', 'ada'), order('A', '2', 'ada'), order('B', '2', 'ada')])
    await time.until(engine.drain())

    assert.deepEqual(merged(engine), [{ id: '2', A: 'Ada 2', B: 'Ada' }])
    using rows = engine.query()
    engine.fill(names, [['ada', 'Eve']])
    assert.deepEqual([rows.table(names).get('ada'), rows.table(counts).get('Ada')], ['Ada', 2])
  })

  it('may leave a full table with the oldest rows, and leaves what stays as it was made', async () => {
    const part = stage<Order, string>({ part: (value, record) => called(value, record) + '.'.repeat(8_000) })
    const filling = topology('orders')
      .tables(names)
      .source<Order>('source')
      .route('by-side', field('side'), { A: part, B: stage<Order, string>({ part: called }) })
      .correlate('by-id', field('id'), { of: ['A', 'B'], whenFull: 'expire-oldest' })
      .sink('sink')
    const time = new VirtualClock()
    const options = { pendingBytesMax: 1 << 20 }
    const first = await Engine.start(filling, time, options)
    first.fill(names, [['ada', 'Ada']])
    const ids = Array.from({ length: 200 }, (_, id) => String(id))
    first.kafka.give(
      0,
      ids.map((id) => order('A', id, 'ada')),
    )
    await time.until(first.drain())
    const evicted = first.kafka.written.length
    await first[Symbol.asyncDispose]()

    await using engine = await Engine.resume(first, filling, time, options)
    const last = ids.slice(-10)
    engine.kafka.give(
      0,
      last.map((id) => order('B', id, 'bo')),
    )
    await time.until(engine.drain())

    assert.ok(evicted > 50, `${evicted} rows have left`)
    assert.deepEqual(
      new Set(engine.kafka.written.slice(0, evicted).map(({ letter }) => letter?.reason)),
      new Set(['EVICTED']),
    )
    const whole = engine.kafka.written.filter(({ letter }) => letter === undefined)
    assert.deepEqual(
      whole
        .map(({ value }) => JSON.parse(value!) as { id: string; A: string; B: string })
        .map(({ id, A, B }) => [id, A.slice(0, 4), B]),
      last.map((id) => [id, 'Ada.', 'nobody']),
    )
    assert.ok(isBalanced(engine.accounts[0]!))
  })
})
