import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import ordersComplete from '../../examples/three-topics.ts'
import type { Json } from '../../src/streams/index.ts'
import { driveTopology } from '../../src/testing/index.ts'

describe('examples/three-topics.ts', () => {
  it('merges an order with its payment and its shipment, byte for byte, whatever comes first', async () => {
    await using driver = await driveTopology(ordersComplete, { partitions: 2 })

    await driver.give(['{ "carrier":"post", "at":1e3 }'], {
      topic: 'shipments',
      key: 'o-1',
      partition: 1,
      timestampMs: 30,
    })
    await driver.give(['{"orderRef":"o-1","cents":9007199254740993}'], { topic: 'payments', timestampMs: 20 })
    assert.deepEqual(driver.merged(), [])
    await driver.give([{ order: { id: 'o-1' } }, { order: { id: 'o-2' } }], { topic: 'orders', timestampMs: 10 })

    const [merged, ...others] = driver.merged()
    assert.deepEqual(others, [])
    assert.equal(
      merged!.text,
      '{"orderId":"o-1","order":{"order":{"id":"o-1"}},"payment":{"orderRef":"o-1","cents":9007199254740993},' +
        '"shipment":{ "carrier":"post", "at":1e3 }}',
    )
    assert.deepEqual([merged!.key, merged!.timestampMs], ['o-1', 30])
    assert.equal(merged!.value.order === undefined, false)
  })

  it('accounts for each partition of each topic', async () => {
    await using driver = await driveTopology(ordersComplete, { partitions: 2 })

    await driver.give([{ order: { id: 'o-1' } }, { order: {} }], { topic: 'orders', partition: 1 })
    await driver.give([{ orderRef: 'o-1' }, { orderRef: 'o-1' }, 'no JSON'], { topic: 'payments' })
    await driver.give([{}], { topic: 'shipments', key: 'o-1' })

    const accounts = driver.accounting().map(({ topic, partition, emitted, duplicate, deadLettered, consumed }) => {
      return [topic, partition, consumed, emitted, duplicate, deadLettered]
    })
    assert.deepEqual(accounts, [
      ['orders', 0, 0, 0, 0, 0],
      ['orders', 1, 2, 1, 0, 1],
      ['payments', 0, 3, 1, 1, 1],
      ['payments', 1, 0, 0, 0, 0],
      ['shipments', 0, 1, 1, 0, 0],
      ['shipments', 1, 0, 0, 0, 0],
    ])
  })

  it('says of each dead letter in which topic its record was', async () => {
    await using driver = await driveTopology(ordersComplete)

    await driver.give([{ order: {} }], { topic: 'orders' })
    await driver.give([{}, {}], { topic: 'shipments' })

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, origins }) => [reason, cause, origins]),
      [
        [
          'KEY_MISSING',
          'the field "order.id" of the merge key is missing',
          [{ topic: 'orders', partition: 0, offset: 0 }],
        ],
        ['KEY_MISSING', 'the key of the record is missing', [{ topic: 'shipments', partition: 0, offset: 0 }]],
        ['KEY_MISSING', 'the key of the record is missing', [{ topic: 'shipments', partition: 0, offset: 1 }]],
      ],
    )
  })

  it('merges without a shipment that does not come within two seconds, and one that comes then is late', async () => {
    await using driver = await driveTopology(ordersComplete)
    await driver.give([{ order: { id: 'o-1' } }], { topic: 'orders' })
    await driver.advance(60_000)
    await driver.give([{ orderRef: 'o-1' }], { topic: 'payments' })

    await driver.advance(1_900)
    assert.deepEqual(driver.merged(), [])
    await driver.advance(600)
    await driver.give([{}], { topic: 'shipments', key: 'o-1' })

    const [merged, ...others] = driver.merged()
    assert.deepEqual(others, [])
    assert.equal(merged!.text, '{"orderId":"o-1","order":{"order":{"id":"o-1"}},"payment":{"orderRef":"o-1"}}')
    const shipment: Json | undefined = merged!.value.shipment
    assert.equal(shipment, undefined)
    assert.deepEqual(
      driver.deadLetters().map(({ reason, topic }) => [reason, topic]),
      [['LATE', 'shipments']],
    )
    assert.deepEqual(
      driver.accounting().map(({ topic, emitted, pending, duplicate }) => [topic, emitted, pending, duplicate]),
      [
        ['orders', 1, 0, 0],
        ['payments', 1, 0, 0],
        ['shipments', 0, 0, 1],
      ],
    )
  })

  it('waits for an order or a payment however long, whether or not there is a shipment', async () => {
    await using driver = await driveTopology(ordersComplete)
    await driver.give([{ order: { id: 'o-1' } }], { topic: 'orders' })
    await driver.give([{}], { topic: 'shipments', key: 'o-1' })
    await driver.give([{ orderRef: 'o-2' }], { topic: 'payments' })
    await driver.advance(600_000)
    assert.deepEqual(driver.merged(), [])

    await driver.give([{ orderRef: 'o-1' }], { topic: 'payments' })

    assert.equal(driver.merged().length, 1)
    assert.deepEqual(driver.merged()[0]!.value.shipment, {})
  })

  it('has two seconds for each order by itself', async () => {
    await using driver = await driveTopology(ordersComplete)
    for (let id = 0; id < 6; id++) {
      await driver.give([{ order: { id: `o-${id}` } }], { topic: 'orders' })
      await driver.give([{ orderRef: `o-${id}` }], { topic: 'payments' })
      await driver.advance(1_000)
    }
    await driver.give([{}], { topic: 'shipments', key: 'o-5' })

    const merged = driver.merged().map(({ key, value }) => [key, value.shipment])
    assert.deepEqual(merged, [
      ['o-0', undefined],
      ['o-1', undefined],
      ['o-2', undefined],
      ['o-3', undefined],
      ['o-5', {}],
    ])
  })
})
