import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field, PermanentFailure, stage, topology } from '../streams/index.ts'
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
