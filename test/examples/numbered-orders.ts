import topology from '../../examples/numbered-orders.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/** Countries with some orders each, of which some come twice, and some are never paid for. */
export const numberedOrders: Example = {
  name: 'numbered-orders',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const country = `C${id}`
      const orders = Array.from({ length: 1 + nextInt(random, 3) }, (_unused, at) => `o-${id}-${at}`)
      const records: GivenRecord[] = []
      const merged = orders.flatMap((orderId, at) => {
        const cents = 100 * id + at
        const order = { topic: 'shop-orders', value: JSON.stringify({ orderId, country, cents }) }
        const payment = { topic: 'shop-payments', value: JSON.stringify({ orderId, payment: `card ${id}` }) }
        records.push(order)
        if (nextInt(random, 3) === 0) records.push({ ...order })
        if (nextInt(random, 8) === 0) return []
        records.push(payment)
        const part = `{"number":"${country}-${at + 1}","cents":${cents}}`
        return [{ key: orderId, value: `{"orderId":"${orderId}","order":${part},"payment":"card ${id}"}` }]
      })
      return { records, outcomes: [{ merged, deadLetters: [] }] }
    })
  },
}
