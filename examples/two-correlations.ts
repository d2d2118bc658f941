/**
 * Statements of customers at the end of a month. Orders meet their payments by the order, and what is paid then meets
 * the end of the month by the customer, which says how many orders there were:
 * `millrace run examples/two-correlations.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

interface Order {
  readonly customerId: string
}

interface Payment {
  readonly cents: number
}

export default topology('customer-statements')
  .source('placed-orders')
  .side('order', stage<unknown, Order>())
  .source('order-payments')
  .side('payment', stage<unknown, Payment>())
  .correlate('by-order', field('orderId'), { of: ['order', 'payment'] })
  .map('paid-order', ({ order, payment }, orderId) => ({ orderId, customerId: order.customerId, cents: payment.cents }))
  .into('paid')
  .source('month-ends')
  .side('monthEnd')
  .correlate('by-customer', field('customerId'), {
    of: ['monthEnd', 'paid'],
    collect: { paid: { count: { side: 'monthEnd', field: field('orders') } } },
  })
  .sink('customer-statements')
