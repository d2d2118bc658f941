/**
 * Orders of a shop with the name of who has ordered, joined with their payments; those of blocked customers are left
 * out. Customers are looked up in a table that a compacted topic fills:
 * `millrace run examples/enriched-orders.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, table, topology } from '../src/doors/millrace.ts'
import { json, text } from '../src/doors/state.ts'

interface Order {
  readonly orderId: string
  readonly customerId: string
  readonly cents: number
}

interface Customer {
  readonly name: string
  readonly isBlocked?: boolean
}

interface CustomersOrder {
  readonly orderId: string
  readonly cents: number
  readonly customer: Customer | undefined
}

/** Each record of the topic is the customer of its key, as it is from then on. */
const customers = table('customers', { topic: 'shop-customers', key: text, value: json<Customer>() })

export default topology('enriched-orders')
  .tables(customers)
  .source<Order>('shop-orders')
  .map('with-customer', ({ orderId, customerId, cents }, record): CustomersOrder => {
    return { orderId, cents, customer: record.table(customers).get(customerId) }
  })
  .filter('not-blocked', ({ customer }) => customer?.isBlocked !== true)
  .side('order', stage({ part: ({ cents, customer }: CustomersOrder) => ({ cents, to: customer?.name ?? null }) }))
  .source('shop-payments')
  .side('payment', stage({ part: field('payment') }))
  .correlate('by-order', field('orderId'), { of: ['order', 'payment'] })
  .sink('enriched-orders')
