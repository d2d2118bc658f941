import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field, header, PermanentFailure, recordKey, stage, topology } from '../streams/index.ts'
import { driveTopology } from './index.ts'

interface Order {
  readonly amount: number
}

const base = topology('shop')
  .source('orders')
  .route('by-stage', field('stage'), {
    order: stage({ part: ({ amount }: Order) => amount * 100 }),
    payment: stage({ part: field('part') }),
  })
const shop = base.correlate('by-id', field('id'), { of: ['order', 'payment'] }).sink('merged')

const order = (id: string, amount: number) => ({ stage: 'order', id, amount })
const payment = (id: string, part: unknown) => ({ stage: 'payment', id, part })

describe('a topology driver', () => {
  it('refuses what would reach no record or no partition, and names what there is', async () => {
    await using driver = await driveTopology(shop, { partitions: 2 })
    const misspelt: object = { partition: 2 }

    for (const [given, code, says] of [
      [{ topic: 'order' }, 'CONFIG_INVALID_VALUE', "topic is 'order', but must be one of orders"],
      [{ partition: 2 }, 'CONFIG_INVALID_VALUE', 'partition is 2, but must be a whole number from 0 to 1'],
      [{ partition: -1 }, 'CONFIG_INVALID_VALUE', 'partition is -1, but must be a whole number from 0 to 1'],
      [{ timestampMs: NaN }, 'CONFIG_INVALID_VALUE', 'timestampMs is NaN, but must be a whole number'],
      [{ timestamp: 0 }, 'CONFIG_UNKNOWN_OPTION', 'timestamp is not an option; did you mean timestampMs?'],
    ] as const) {
      await assert.rejects(driver.give([order('o-1', 1)], given as object), { code, message: says })
    }
    await assert.rejects(driver.give([undefined]), { code: 'CONFIG_INVALID_VALUE' })
    await assert.rejects(driver.advance(-1), { code: 'CONFIG_INVALID_VALUE' })
    await assert.rejects(driveTopology(shop, misspelt), { code: 'CONFIG_UNKNOWN_OPTION' })
    assert.deepEqual(
      driver.accounting().map(({ consumed }) => consumed),
      [0, 0],
    )
  })

  it('gives the merged record of parts that come in any order, from any partition, byte for byte and typed', async () => {
    await using driver = await driveTopology(shop, { partitions: 2 })

    await driver.give([payment('o-1', { paid: true }), order('o-2', 7)], { partition: 1 })
    assert.deepEqual(driver.merged(), [])
    await driver.give([order('o-1', 12)])

    const [merged, ...others] = driver.merged()
    const cents: number = merged!.value.order
    assert.equal(cents, 1_200)
    assert.deepEqual([merged!.key, merged!.text], ['o-1', '{"id":"o-1","order":1200,"payment":{"paid":true}}'])
    assert.deepEqual(others, [])
    assert.deepEqual(
      driver.accounting().map(({ consumed, emitted, pending }) => [consumed, emitted, pending]),
      [
        [1, 1, 0],
        [2, 1, 1],
      ],
    )
  })

  it('lets rows expire when the test moves the time of day', async () => {
    const expiring = base
      .correlate('by-id', field('id'), { of: ['order', 'payment'], expireAfterMs: 60_000, expireBy: 'processingTime' })
      .sink('merged')
    await using driver = await driveTopology(expiring)
    await driver.give([order('o-1', 12)])

    await driver.advance(59_999)
    assert.deepEqual(driver.expired(), [])
    await driver.advance(60_000 / 8)

    const [expired, ...others] = driver.expired()
    assert.deepEqual([expired!.key, expired!.value, others], ['o-1', { id: 'o-1', order: 1_200 }, []])
    assert.deepEqual(driver.deadLetters(), [])
  })

  it('lets rows expire by the time of records that come later, to a topic of their own', async () => {
    const expiring = base
      .correlate('by-id', field('id'), { of: ['order', 'payment'], expireAfterMs: 60_000, expireTo: 'late' })
      .sink('merged')
    await using driver = await driveTopology(expiring)
    const startMs = driver.clock.nowMs()

    await driver.give([order('o-1', 12)], { timestampMs: startMs })
    await driver.give([order('o-2', 13)], { timestampMs: startMs + 70_000 })
    await driver.advance(10_000)

    assert.deepEqual(
      driver.expired().map(({ key }) => key),
      ['o-1'],
    )
  })

  it('tells why a record is a dead letter, and where it was', async () => {
    await using driver = await driveTopology(shop)

    await driver.give(['{', { stage: 'refund', id: 'o-1' }, payment('o-1', 1), payment('o-1', 2)])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, origins, text }) => [reason, origins[0]!.offset, text]),
      [
        ['NOT_JSON', 0, '{'],
        ['UNKNOWN_STAGE', 1, '{"stage":"refund","id":"o-1"}'],
        ['DUPLICATE', 3, '{"stage":"payment","id":"o-1","part":2}'],
      ],
    )
  })

  it('makes a dead letter of a record on which a function fails for good, in no real time', async () => {
    const failing = topology('shop')
      .source('orders')
      .route('by-stage', field('stage'), {
        order: stage({ part: () => Promise.reject(new PermanentFailure('no such customer')) }),
        payment: stage({ part: field('part') }),
      })
      .correlate('by-id', field('id'), { of: ['order', 'payment'] })
      .sink('merged')
    await using driver = await driveTopology(failing)

    await driver.give([order('o-1', 1)])

    const [letter, ...others] = driver.deadLetters()
    assert.deepEqual([letter!.reason, others], ['STAGE_FAILED', []])
    assert.match(letter!.cause, /no such customer/)
  })

  it('fails as the program would, where a function fails on every record', async () => {
    const failing = topology('shop')
      .source('orders')
      .route('by-stage', field('stage'), {
        order: stage({
          part: () => {
            throw new Error('the service is down')
          },
        }),
        payment: stage(),
      })
      .correlate('by-id', field('id'), { of: ['order', 'payment'] })
      .sink('merged')
    await using driver = await driveTopology(failing)
    const records = Array.from({ length: 100 }, (_, id) => order(`o-${id}`, id))

    await assert.rejects(driver.give(records), { code: 'STAGE_FAILS_ON_EVERYTHING' })
    assert.deepEqual(driver.deadLetters(), [])
  })
})

describe('a topology of several sources', () => {
  const sources = topology('several')
    .source('by-field')
    .side('A')
    .source('by-key')
    .side('B')
    .source('by-header')
    .side('C')
  const keys = { A: field('id').asString(), B: recordKey(), C: header('id') }
  const program = sources.correlate('by-id', keys, { of: ['A', 'B', 'C'] }).sink('merged')

  it('finds the key of each side where it says, and spells it as the first side does', async () => {
    await using driver = await driveTopology(program)
    const text = 'a "17"\n'

    await driver.give([{ id: text }, { id: 17 }, { id: 17.5 }])
    await driver.give([{}], { topic: 'by-header', headers: { id: text } })
    await driver.give([{}], { topic: 'by-header', headers: { id: '17' } })
    await driver.give([{}], { topic: 'by-key', key: text })
    await driver.give([{}], { topic: 'by-key', key: '17' })

    assert.deepEqual(
      driver.merged().map(({ key, value }) => [key, Object.entries(value)[0]]),
      [
        [text, ['id', text]],
        ['17', ['id', '17']],
      ],
    )
  })

  it('keeps a spelling that lies in none of the records, whichever side waits', async () => {
    const first = sources.correlate('by-id', keys, { of: ['B', 'A', 'C'], keyName: 'id' }).sink('merged')
    const text = 'a "17"\n'
    const gives = [
      { values: [{ id: text }], options: {} },
      { values: [{}], options: { topic: 'by-key', key: text } },
      { values: [{}], options: { topic: 'by-header', headers: { id: text } } },
    ]
    for (const order of [gives, gives.toReversed()]) {
      await using driver = await driveTopology(first)
      for (const { values, options } of order) await driver.give(values, options)

      assert.equal(
        driver.merged()[0]?.text,
        `{"id":${JSON.stringify(text)},"B":{},"A":{"id":${JSON.stringify(text)}},"C":{}}`,
      )
    }
  })

  it('takes one side from two sources, and none from a source that does not have it', async () => {
    const order = stage({ part: field('part') })
    const regional = topology('regional')
      .source('eu')
      .side('order', order)
      .source('us')
      .route('by-kind', field('kind'), { order, payment: stage() })
      .correlate('by-id', field('id'), { of: ['order', 'payment'] })
      .sink('merged')
    await using driver = await driveTopology(regional)

    await driver.give([
      { id: 1, part: 'eu' },
      { id: 2, part: 'eu', kind: 'payment' },
    ])
    await driver.give(
      [
        { kind: 'payment', id: 1 },
        { kind: 'order', id: 2, part: 'us' },
      ],
      { topic: 'us' },
    )

    assert.equal(driver.merged()[0]?.text, '{"id":1,"order":"eu","payment":{"kind":"payment","id":1}}')
    assert.deepEqual(
      driver.deadLetters().map(({ reason, topic }) => [reason, topic]),
      [['DUPLICATE', 'us']],
    )
  })

  it('does not lead a record to a side that another source has', async () => {
    const split = topology('split')
      .source('one')
      .route('by-kind', field('kind'), { A: stage(), B: stage() })
      .source('two')
      .route('by-name', (value) => (value as { kind: string }).kind as 'C', { C: stage(), D: stage() })
      .correlate('by-id', field('id'), { of: ['D', 'C', 'B', 'A'] })
      .sink('merged')
    await using driver = await driveTopology(split)

    await driver.give(['A', 'C'].map((kind) => ({ kind, id: 1 })))
    await driver.give(
      ['A', 'C'].map((kind) => ({ kind, id: 1 })),
      { topic: 'two' },
    )

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, topic }) => [topic, reason, cause]),
      [
        [
          'one',
          'UNKNOWN_STAGE',
          'the field "kind" of the route has "C", but there is no such stage; the stages are "B", "A"',
        ],
        [
          'two',
          'UNKNOWN_STAGE',
          'the function of the route has named "A", but there is no such stage; the stages are "D", "C"',
        ],
      ],
    )
    assert.deepEqual(
      driver.accounting().map(({ topic, pending }) => [topic, pending]),
      [
        ['one', 1],
        ['two', 1],
      ],
    )
  })
})
