import topology from '../../examples/enriched-orders.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

/** What a customer was when an order was consumed: not known yet, or one of those that came, in their order. */
type Version = { readonly name: string; readonly isBlocked?: boolean } | null

/**
 * Customers who change their names, are deleted or blocked, with some orders each, of which some are never paid for. Of
 * the versions of a customer an order has any, but none before that of an order before it.
 */
export const enrichedOrders: Example = {
  name: 'enriched-orders',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const customerId = `c-${id}`
      const last = [{ name: `Blocked ${id}`, isBlocked: true }, { name: `Last ${id}` }, null][nextInt(random, 3)]!
      const versions: Version[] = [null, { name: `First ${id}` }, last]
      const orders = Array.from({ length: 1 + nextInt(random, 3) }, (_unused, at) => {
        return { orderId: `o-${id}-${at}`, cents: 100 * id + at, isPaid: nextInt(random, 8) > 0 }
      })
      const records: GivenRecord[] = orders.flatMap(({ orderId, cents, isPaid }) => {
        const order = { topic: 'shop-orders', value: JSON.stringify({ orderId, customerId, cents }) }
        const payment = { topic: 'shop-payments', value: JSON.stringify({ orderId, payment: `card ${id}` }) }
        return isPaid ? [order, payment] : [order]
      })
      const places = versions.slice(1).map(() => nextInt(random, records.length + 1))
      places.sort((a, b) => b - a)
      for (const [before, place] of places.entries()) {
        const version = versions.at(-1 - before)!
        const value = version && JSON.stringify(version)
        records.splice(place, 0, { topic: 'shop-customers', key: customerId, value })
      }
      const outcomes = risingIn(versions.length, orders.length).map((found) => ({
        merged: orders.flatMap(({ orderId, cents, isPaid }, at) => {
          const version = versions[found[at]!] ?? null
          const order = JSON.stringify({ cents, to: version?.name ?? null })
          const value = `{"orderId":"${orderId}","order":${order},"payment":"card ${id}"}`
          return isPaid && version?.isBlocked !== true ? [{ key: orderId, value }] : []
        }),
        deadLetters: [],
      }))
      const different = new Map(outcomes.map((outcome) => [JSON.stringify(outcome), outcome]))
      return { records, outcomes: [...different.values()] }
    })
  },
}

/** All ways to choose as many of the first numbers so that none is less than the one before. */
function risingIn(numbers: number, length: number): number[][] {
  if (length === 0) return [[]]
  return risingIn(numbers, length - 1).flatMap((before) => {
    const least = before.at(-1) ?? 0
    return Array.from({ length: numbers - least }, (_, at) => [...before, least + at])
  })
}
