/**
 * Orders with their payments, sent on by where they go: a topic for each region, and none for gifts. Warehouses of
 * Europe ask for the customer as key and for a header; what is not paid within an hour goes to one topic, what is paid
 * and never ordered to another: `millrace run examples/branches.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

interface Order {
  readonly customer: string
  readonly region: 'europe' | 'america'
  readonly isGift?: true
}

export default topology('shipping')
  .source('shop-orders')
  .side('order', stage<unknown, Order>({ part: field('order') }))
  .source('shop-payments')
  .side('payment', stage({ part: field('payment') }))
  .correlate('by-order', field('orderId'), {
    of: ['order', 'payment'],
    expireAfterMs: 3_600_000,
    expireTo: { payment: 'orders-unpaid', order: 'payments-unknown' },
  })
  .branch('by-region', ({ order }) => (order.isGift ? undefined : order.region), {
    europe: {
      topic: 'ship-in-europe',
      key: ({ order }) => order.customer,
      headers: { 'content-type': 'application/json' },
      compression: 'zstd',
    },
    america: { topic: 'ship-in-america', timestamp: 'least' },
  })
