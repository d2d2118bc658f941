import topology from '../../examples/two-correlations.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group, Outcome } from './example.ts'

const nothing: Outcome = { merged: [], deadLetters: [] }

/** Customers of up to three orders; of some an order is never paid, or a payment comes twice, or the end tells nothing. */
export const twoCorrelations: Example = {
  name: 'two-correlations',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `c-${id}`
      const orders = Array.from({ length: nextInt(random, 4) }, (_order, at) => orderOf(key, at, 100 * id + at))
      const pairs = orders.flatMap(({ order, payment }) => [payment, order])
      const monthEnd = (told: string): GivenRecord => {
        return { topic: 'month-ends', value: `{"customerId":"${key}", "orders":${told}}` }
      }
      const end = monthEnd(String(orders.length))
      // Which of its orders is paid first is a matter of partitions.
      const statements = permutations(orders.map(({ paid }) => paid)).map((paid): Outcome => {
        const value = `{"customerId":"${key}","monthEnd":${String(end.value)},"paid":[${paid.join(',')}]}`
        return { merged: [{ key, value }], deadLetters: [] }
      })
      switch (nextInt(random, 10)) {
        case 0: {
          const { order } = orderOf(key, orders.length, id)
          return { records: [...pairs, order, monthEnd(String(orders.length + 1))], outcomes: [nothing] }
        }
        case 1: {
          const record = monthEnd('"many"')
          const deadLetters = [{ reason: 'COUNT_INVALID', record }]
          return { records: [...pairs, record], outcomes: [{ ...nothing, deadLetters }] }
        }
        case 2: {
          // One that comes when its order has been paid waits for another order.
          const again = orders.map(({ payment }) => ({ ...payment })).slice(0, 1)
          const letters = again.map((record) => ({ reason: 'DUPLICATE', record }))
          const diverted = statements.map((outcome) => ({ ...outcome, deadLetters: letters }))
          return {
            records: [...pairs.slice(0, 1), ...again, ...pairs.slice(1), end],
            outcomes: [...diverted, ...statements],
          }
        }
        default:
          return { records: [end, ...pairs], outcomes: statements }
      }
    })
  },
}

function orderOf(customerId: string, at: number, cents: number) {
  const orderId = `${customerId}-${at}`
  const order: GivenRecord = { topic: 'placed-orders', value: JSON.stringify({ orderId, customerId }) }
  const payment: GivenRecord = { topic: 'order-payments', value: JSON.stringify({ orderId, cents }) }
  return { order, payment, paid: JSON.stringify({ orderId, customerId, cents }) }
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]))
}
