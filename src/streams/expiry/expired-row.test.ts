import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const hourMs = 3_600_000
const part = field('n')
const routed = topology('orders')
  .source('in')
  .route('by-side', field('side'), { order: stage({ part }), payment: stage({ part }), shipment: stage({ part }) })

/** A program whose incomplete rows leave after an hour. */
function expiringTo(expireTo?: string | { order?: string; payment?: string; shipment?: string }) {
  return routed
    .correlate('by-id', field('id'), {
      of: ['order', 'payment', 'shipment'],
      expireAfterMs: hourMs,
      expireBy: 'processingTime',
      ...(expireTo !== undefined && { expireTo }),
    })
    .sink('out')
}

const incomplete = [
  { side: 'order', id: 'paid-not', n: 1 },
  { side: 'shipment', id: 'paid-not', n: 2 },
  { side: 'order', id: 'shipped-not', n: 3 },
  { side: 'payment', id: 'shipped-not', n: 4 },
  { side: 'order', id: 'alone', n: 5 },
  { side: 'payment', id: 'ordered-not', n: 6 },
  { side: 'shipment', id: 'ordered-not', n: 7 },
]

async function expiredOf(program: ReturnType<typeof expiringTo>) {
  await using driver = await driveTopology(program)
  await driver.give(incomplete)
  await driver.advance(2 * hourMs)
  const placed = driver.expired().map(({ topic, key, headers }) => [key, topic, headers['millrace.missing']])
  return placed.sort(([a], [b]) => String(a).localeCompare(String(b)))
}

describe('an expired row', () => {
  it('says which sides it lacks, wherever it goes', async () => {
    for (const [expireTo, topic] of [
      [undefined, 'orders.dead-letter'],
      ['incomplete', 'incomplete'],
    ] as const) {
      assert.deepEqual(await expiredOf(expiringTo(expireTo)), [
        ['alone', topic, '["payment","shipment"]'],
        ['ordered-not', topic, '["order"]'],
        ['paid-not', topic, '["payment"]'],
        ['shipped-not', topic, '["shipment"]'],
      ])
    }
  })

  it('goes to the topic of the first missing side that has one, else to the dead letters', async () => {
    const expired = await expiredOf(expiringTo({ shipment: 'unshipped', payment: 'unpaid' }))

    assert.deepEqual(
      expired.map(([key, topic]) => [key, topic]),
      [
        ['alone', 'unpaid'],
        ['ordered-not', 'orders.dead-letter'],
        ['paid-not', 'unpaid'],
        ['shipped-not', 'unshipped'],
      ],
    )
  })

  it('may go to one topic for several sides', async () => {
    const expired = await expiredOf(expiringTo({ order: 'odd', payment: 'odd', shipment: 'unshipped' }))

    assert.deepEqual(
      expired.map(([, topic]) => topic),
      ['odd', 'odd', 'odd', 'unshipped'],
    )
  })

  it('goes nowhere for a side that is none, or a topic that is used', async () => {
    await assert.rejects(driveTopology(expiringTo({ refund: 'odd' } as never)), {
      message: 'topology "orders": expireTo of "by-id" has side "refund", which it does not name in "of"',
    })
    await assert.rejects(driveTopology(expiringTo({ order: 'out' })), {
      message: 'topology "orders": topic "out" is sink and expireTo, and each needs one of its own',
    })
    assert.throws(() => expiringTo({ order: 5 } as never), {
      message: 'expireTo of side "order" of "by-id" is 5, where a text belongs',
    })
  })
})
