import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology, VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { field } from '../topology/field.ts'
import type { RecordView } from '../topology/record-view.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

interface Order {
  readonly side: string
  readonly key: number
  readonly part?: unknown
}

const stages = { A: stage({ part: field('part') }), B: stage({ part: field('part') }) }
const begun = () => topology('orders').source<Order>('source')
const reasonsOf = (letters: readonly { reason: string; cause: string }[]) =>
  letters.map(({ reason, cause }) => [reason, cause])

/** Sides A and B of a key. */
const pair = (key: number): Order[] => [
  { side: 'A', key, part: 'a' },
  { side: 'B', key, part: 'b' },
]

describe('a step', () => {
  it('filters and maps in the order in which the program says so', async () => {
    const seen: unknown[] = []
    const program = begun()
      .filter('no-tombstones', (_, { value }) => value !== null)
      .map('doubled', (order) => ({ ...order, key: order.key * 2 }))
      .filter('small', ({ key }) => {
        seen.push(key)
        return key < 10
      })
      .route('by-side', field('side'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([...pair(1), null, ...pair(5), ...pair(4)])

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      ['{"key":2,"A":"a","B":"b"}', '{"key":8,"A":"a","B":"b"}'],
    )
    assert.deepEqual(seen, [2, 2, 10, 10, 8, 8])
    assert.deepEqual(driver.deadLetters(), [])
    const { filtered, emitted, consumed } = driver.accounting()[0]!
    assert.deepEqual([filtered, emitted, consumed], [3, 4, 7])
  })

  it('leaves the bytes of a record as they came where nothing maps it', async () => {
    const program = begun()
      .filter('all', () => true)
      .side('A')
      .source('others')
      .side('B')
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give(['{ "key":1.0, "big":12345678901234567890 }'])
    await driver.give(['{"key":1}'], { topic: 'others' })

    assert.equal(driver.merged()[0]!.text, '{"key":1.0,"A":{ "key":1.0, "big":12345678901234567890 },"B":{"key":1}}')
  })

  it('gives a tombstone to filters and maps as null, and makes a dead letter of what has no value at the end', async () => {
    const values: unknown[] = []
    const program = topology('orders')
      .source<Order | null>('source')
      .map('restored', (order, { key }) => {
        values.push(order)
        return order ?? (key?.toString() === 'gone' ? null : { side: 'A', key: 1, part: 'deleted' })
      })
      .route('by-side', field('side'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([pair(1)[1]])
    await driver.give([null], { key: 'deleted' })
    await driver.give([null], { key: 'gone' })

    assert.deepEqual(values.slice(1), [null, null])
    assert.deepEqual(driver.merged()[0]?.value, { key: 1, A: 'deleted', B: 'b' })
    assert.deepEqual(reasonsOf(driver.deadLetters()), [['NO_VALUE', 'the record has no value']])
  })

  it('makes a dead letter, with the record as it came, of one on which it throws, or rejects in each attempt', async () => {
    const calls = { thrown: 0, rejected: 0 }
    const program = begun()
      .map('mapped', (order) => {
        if (order.key === 1) calls.thrown++
        if (order.key === 1) throw new Error('no number')
        if (order.key === 2) throw new PermanentFailure('no such order')
        return { ...order, key: 7 }
      })
      .filter('filtered', async ({ part }) => {
        if (part !== 'a') return true
        calls.rejected++
        throw new Error('down')
      })
      .route('by-side', field('side'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([pair(1)[0], pair(2)[0], pair(3)[0], pair(4)[1]])

    assert.deepEqual(calls, { thrown: 1, rejected: 8 })
    const letters = driver.deadLetters()
    assert.deepEqual(reasonsOf(letters), [
      ['MAP_FAILED', 'no number'],
      ['MAP_FAILED', 'no such order'],
      ['FILTER_FAILED', 'down'],
    ])
    assert.deepEqual(
      letters.map(({ text }) => text),
      [pair(1)[0], pair(2)[0], pair(3)[0]].map((order) => JSON.stringify(order)),
    )
    assert.equal(driver.accounting()[0]!.pending, 1)
  })

  it('asks a decoder that throws once, and one whose promise is rejected in each attempt', async () => {
    const calls = new Map<string, number>()
    const decode = (bytes: Buffer): Order => {
      const text = String(bytes)
      calls.set(text, (calls.get(text) ?? 0) + 1)
      return JSON.parse(text) as Order
    }
    const program = topology('orders')
      .source('source', { decode })
      .side('A')
      .source('others', { decode: async (bytes: Buffer) => decode(bytes) })
      .side('B')
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give(['{"key":1}', 'thrown'], { topic: 'source' })
    await driver.give(['rejected', '{"key":1}'], { topic: 'others' })

    assert.deepEqual([calls.get('thrown'), calls.get('rejected')], [1, 8])
    assert.deepEqual(
      driver.deadLetters().map(({ reason, text }) => [reason, text]),
      [
        ['UNDECODABLE', 'thrown'],
        ['UNDECODABLE', 'rejected'],
      ],
    )
    assert.equal(driver.merged().length, 1)
  })

  it('takes nothing else for an answer than what it asks for', async () => {
    const answers: unknown[] = [undefined, 1, 'yes', true, false]
    const made: unknown[] = [() => {}, 10n, undefined]
    const program = begun()
      .filter('filtered', ({ key }) => answers[key] as boolean)
      .map('mapped', ({ part }) => made[part as number])
      .route('by-side', field('side'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give(answers.slice(0, 3).map((_, key) => ({ side: 'A', key })))
    await driver.give([4, 3, 3, 3].map((key, part) => ({ side: 'A', key, part: part - 1 })))

    assert.deepEqual(reasonsOf(driver.deadLetters()), [
      ['FILTER_FAILED', 'the filter returned undefined, where true or false belongs'],
      ['FILTER_FAILED', 'the filter returned 1, where true or false belongs'],
      ['FILTER_FAILED', 'the filter returned the text "yes", where true or false belongs'],
      ['VALUE_NOT_JSON', 'the map returned a value of the type function, which is no JSON'],
      ['VALUE_NOT_JSON', 'the map returned what is no JSON: Do not know how to serialize a BigInt'],
    ])
    assert.equal(driver.accounting()[0]!.filtered, 2)
  })

  it('leaves what is no JSON to the route, which says why it is none', async () => {
    const program = begun()
      .filter('filtered', () => false)
      .map('mapped', () => ({}))
      .route('by-side', field('side'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give(['{"side":'])

    assert.deepEqual(
      driver.deadLetters().map(({ reason }) => reason),
      ['NOT_JSON'],
    )
  })

  it('sees key, headers and value of the record, also once a map has made another value of it', async () => {
    const seen: unknown[] = []
    const kept: RecordView[] = []
    const look = (record: RecordView) => {
      kept.push(record)
      const { topic, partition, offset, timestampMs, key, value, headers } = record
      seen.push([topic, partition, offset, timestampMs, key?.toString(), value?.toString()])
      seen.push([headers.text('a'), headers.get('b'), headers.text('c'), headers.get('millrace.part')])
      seen.push([...headers].map(({ name }) => name))
    }
    const program = begun()
      .map('mapped', (order, record) => {
        look(record)
        return { ...order, part: 'made' }
      })
      .filter('filtered', (_, record) => {
        look(record)
        return true
      })
      .route(
        'by-side',
        ({ side }, record) => {
          look(record)
          return side
        },
        {
          A: stage({
            part: (value: Order, record) => {
              look(record)
              return value.part
            },
          }),
          B: stage(),
        },
      )
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program, { partitions: 2 })
    const headers = { a: 'first', b: Buffer.of(1, 2), 'millrace.part': 'forged' }

    await driver.give([pair(1)[0]], { partition: 1, timestampMs: 5, key: 'k', headers })

    const once = [
      ['source', 1, 0n, 5, 'k', JSON.stringify(pair(1)[0])],
      ['first', Buffer.of(1, 2), undefined, undefined],
      ['a', 'b'],
    ]
    assert.deepEqual(seen, [...once, ...once, ...once, ...once])
    assert.throws(() => kept[0]!.key, /after its function has ended/)
  })

  it('is given integers with all their digits where its source says so, and else warns once', async () => {
    const seen: unknown[] = []
    const program = (bigIntegers: 'number' | 'bigint') =>
      topology('orders')
        .source<{ key: number | bigint; side: string }>('source', { bigIntegers })
        .map('copied', ({ key, side }) => ({ key, side, part: side }))
        .route(
          'by-side',
          ({ side, key }) => {
            seen.push(key)
            return side
          },
          stages,
        )
        .correlate('by-key', (value: { key: number | bigint }) => String(value.key), { of: ['A', 'B'], keyName: 'key' })
        .sink('sink')
    const big = ['A', 'B'].map((side) => `{"side":"${side}","key":9007199254740993}`)
    const time = new VirtualClock()
    await using exact = await Engine.start(program('bigint'), time)
    await using lossy = await Engine.start(program('number'), time)
    for (const engine of [exact, lossy]) engine.kafka.give(0, big)

    await time.until(Promise.all([exact.drain(), lossy.drain()]))

    assert.equal(exact.kafka.written[0]!.value, '{"key":"9007199254740993","A":"A","B":"B"}')
    assert.equal(lossy.kafka.written[0]!.value, '{"key":"9007199254740992","A":"A","B":"B"}')
    assert.deepEqual(
      seen.map(String).sort(),
      [9007199254740992, 9007199254740992, 9007199254740993n, 9007199254740993n].map(String),
    )
    const warnings = ({ lines }: Engine) =>
      lines.map(([, sentence]) => sentence).filter((sentence) => sentence.includes('loses digits'))
    assert.deepEqual(warnings(exact), [])
    assert.deepEqual(warnings(lossy), [
      `"copied" is given 9007199254740993 as a number, which loses digits; with bigIntegers: 'bigint' it is a BigInt`,
    ])
  })
})
