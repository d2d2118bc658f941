import topology from '../../examples/numbered-orders.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/**
 * Countries with a name and some orders each, of which some come twice, and some are never paid for. An order has the
 * name or not, by which of the two was consumed first, and orders after it have it then too.
 */
export const numberedOrders: Example = {
  name: 'numbered-orders',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const country = `C${id}`
      const orders = Array.from({ length: 1 + nextInt(random, 3) }, (_unused, at) => {
        return { orderId: `o-${id}-${at}`, cents: 100 * id + at, isPaid: nextInt(random, 8) > 0 }
      })
      const name = { topic: 'shop-countries', value: JSON.stringify({ country, name: `Land ${id}` }) }
      const records: GivenRecord[] = orders.flatMap(({ orderId, cents, isPaid }) => {
        const order = { topic: 'shop-orders', value: JSON.stringify({ orderId, country, cents }) }
        const again = nextInt(random, 3) === 0 ? [{ ...order }] : []
        const payment = { topic: 'shop-payments', value: JSON.stringify({ orderId, payment: `card ${id}` }) }
        return [order, ...again, ...(isPaid ? [payment] : [])]
      })
      const outcomes = Array.from({ length: orders.length + 1 }, (_unused, unnamed) => ({
        merged: orders.flatMap(({ orderId, cents, isPaid }, at) => {
          const called = at < unnamed ? 'null' : `"Land ${id}"`
          const part = `{"number":"${country}-${at + 1}","country":${called},"cents":${cents}}`
          const value = `{"orderId":"${orderId}","order":${part},"payment":"card ${id}"}`
          return isPaid ? [{ key: orderId, value }] : []
        }),
        deadLetters: [],
      }))
      // Of orders that are not paid for nothing is seen.
      const different = new Map(outcomes.map((outcome) => [JSON.stringify(outcome), outcome]))
      records.splice(nextInt(random, records.length + 1), 0, name)
      return { records, outcomes: [...different.values()] }
    })
  },
}
