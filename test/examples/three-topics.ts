import topology from '../../examples/three-topics.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

/** Orders, of which some are not paid, some are not shipped, and some lack their number. */
export const threeTopics: Example = {
  name: 'three-topics',
  topology,
  settleMs: 5_000,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `o-${id}`
      const order = { topic: 'orders', value: `{"order":{"id":"${key}"},"lines":[${id}]}` }
      const payment = { topic: 'payments', value: `{"orderRef":"${key}","cents":${id}.10}` }
      const shipment = { topic: 'shipments', key, value: `{ "parcel": ${id} }` }
      const sides = `{"orderId":"${key}","order":${order.value},"payment":${payment.value}`
      const without: Outcome = { merged: [{ key, value: `${sides}}` }], deadLetters: [] }
      const all: Outcome = {
        merged: [{ key, value: `${sides},"shipment":${shipment.value}}` }],
        deadLetters: [],
      }
      const late: Outcome = { ...without, deadLetters: [{ reason: 'LATE', record: shipment }] }
      switch (nextInt(random, 10)) {
        case 0:
          return { records: [shipment, order], outcomes: [{ merged: [], deadLetters: [] }] }
        case 1:
        case 2:
          return { records: [order, payment], outcomes: [without] }
        case 3: {
          const record: GivenRecord = { topic: 'orders', value: `{"order":{},"lines":[${id}]}` }
          return { records: [record], outcomes: [{ merged: [], deadLetters: [{ reason: 'KEY_MISSING', record }] }] }
        }
        default:
          return { records: [payment, order, shipment], outcomes: [all, late] }
      }
    })
  },
}
