import topology from '../../examples/enrich-and-filter.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

const nothing: Outcome = { merged: [], deadLetters: [] }

/** Orders and customers, of which some orders are free, some have no lines, and some customers come twice. */
export const enrichAndFilter: Example = {
  name: 'enrich-and-filter',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `o-${id}`
      const cents = 100 + id
      const orderOf = (order: object): GivenRecord => {
        return { topic: 'priced-orders', value: JSON.stringify({ orderId: key, order }) }
      }
      const customer: GivenRecord = {
        topic: 'order-customers',
        value: JSON.stringify({ orderId: key, customer: { name: `Ada ${id}`, country: 'GB' } }),
      }
      const order = orderOf({ lines: [{ cents, count: 2 }] })
      const value = `{"orderId":"${key}","bill":"Ada ${id}, GB","cents":${2 * cents}}`
      switch (nextInt(random, 8)) {
        case 0:
          return { records: [orderOf({ lines: [] }), customer], outcomes: [nothing] }
        case 1: {
          const broken = orderOf({ note: `order ${id} has no lines` })
          const deadLetters = [broken, customer].map((record) => ({ reason: 'MERGE_FAILED', record }))
          return { records: [broken, customer], outcomes: [{ merged: [], deadLetters }] }
        }
        case 2: {
          const again = { ...customer }
          const outcomes = ['DUPLICATE', 'COMPLETED'].map((reason) => ({
            merged: [{ key, value }],
            deadLetters: [{ reason, record: again }],
          }))
          return { records: [customer, order, again], outcomes }
        }
        case 3: {
          // A record that is left out is merged, and its key is known.
          const free = orderOf({ lines: [{ cents: 0, count: id }] })
          const again = { ...free }
          const outcomes = ['DUPLICATE', 'COMPLETED'].map((reason) => ({
            merged: [],
            deadLetters: [{ reason, record: again }],
          }))
          return { records: [free, customer, again], outcomes }
        }
        default:
          return { records: [order, customer], outcomes: [{ merged: [{ key, value }], deadLetters: [] }] }
      }
    })
  },
}
