import topology from '../../examples/branches.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

/** Before the time of any other record by more than a row may be pending. */
const longAgoMs = 1_690_000_000_000
const nothing: Outcome = { merged: [], deadLetters: [] }

/** Orders of two regions, of which some are gifts, some of no region, and some are never paid, or never ordered. */
export const branches: Example = {
  name: 'branches',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `o-${id}`
      const customer = `c-${id % 7}`
      const orderTo = (order: object): GivenRecord => {
        return { topic: 'shop-orders', value: JSON.stringify({ orderId: key, order: { customer, ...order } }) }
      }
      const payment: GivenRecord = { topic: 'shop-payments', value: `{"orderId":"${key}","payment":{"cents": ${id}}}` }
      const valueOf = (order: object) =>
        `{"orderId":"${key}","order":${JSON.stringify({ customer, ...order })},"payment":{"cents": ${id}}}`
      /** The time of records stands after the last one, so that late ones need not expire. */
      const expired = (record: GivenRecord, topic: string, value: string): Group => {
        const leaves: Outcome = { merged: [{ topic, key, value }], deadLetters: [] }
        if (id > count / 2) return { records: [record], outcomes: [leaves, nothing] }
        return { records: [{ ...record, timestampMs: longAgoMs }], outcomes: [leaves] }
      }
      switch (nextInt(random, 8)) {
        case 0: {
          const gift = { region: 'europe', isGift: true }
          return { records: [orderTo(gift), payment], outcomes: [nothing] }
        }
        case 1: {
          const order = orderTo({ region: 'asia' })
          const deadLetters = [order, payment].map((record) => ({ reason: 'MERGE_FAILED', record }))
          return { records: [payment, order], outcomes: [{ merged: [], deadLetters }] }
        }
        case 2: {
          const order = { region: 'europe' }
          const value = `{"orderId":"${key}","order":${JSON.stringify({ customer, ...order })}}`
          return expired(orderTo(order), 'orders-unpaid', value)
        }
        case 3:
          return expired(payment, 'payments-unknown', `{"orderId":"${key}","payment":{"cents": ${id}}}`)
        case 4:
        case 5: {
          const order = { region: 'america' }
          const record = { topic: 'ship-in-america', key, value: valueOf(order) }
          return { records: [orderTo(order), payment], outcomes: [{ merged: [record], deadLetters: [] }] }
        }
        default: {
          const order = { region: 'europe' }
          const record = { topic: 'ship-in-europe', key: customer, value: valueOf(order) }
          return { records: [orderTo(order), payment], outcomes: [{ merged: [record], deadLetters: [] }] }
        }
      }
    })
  },
}
