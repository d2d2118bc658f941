/**
 * Orders with the customers that they are of, made into invoices: what costs nothing is left out, and of the rest an
 * invoice has what accounting asks for: `millrace run examples/enrich-and-filter.ts --bootstrap-servers
 * localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

interface Order {
  readonly lines: readonly { readonly cents: number; readonly count: number }[]
}

interface Customer {
  readonly name: string
  readonly country: string
}

export default topology('invoices')
  .source('priced-orders')
  .side('order', stage<unknown, Order>({ part: field('order') }))
  .source('order-customers')
  .side('customer', stage<unknown, Customer>({ part: field('customer') }))
  .correlate('by-order', field('orderId'), {
    of: ['order', 'customer'],
    rememberCompleted: { forMs: 24 * 3_600_000 },
  })
  .map('total', ({ order, customer }, orderId) => ({
    orderId,
    customer,
    cents: order.lines.reduce((sum, { cents, count }) => sum + cents * count, 0),
  }))
  .filter('not-free', ({ cents }) => cents > 0)
  .map('invoice', ({ orderId, customer: { name, country }, cents }) => ({
    orderId,
    bill: `${name}, ${country}`,
    cents,
  }))
  .sink('invoices', { topic: 'order-invoices' })
