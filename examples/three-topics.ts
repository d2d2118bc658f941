/**
 * Orders, payments and shipments from a topic each, where each has the number of the order in another place. A shipment
 * that has not come two seconds after the rest is left out:
 * `millrace run examples/three-topics.ts --bootstrap-servers localhost:9092`.
 */
import { field, recordKey, topology } from '../src/doors/millrace.ts'

export default topology('orders-complete')
  .source('orders')
  .side('order')
  .source('payments')
  .side('payment')
  .source('shipments')
  .side('shipment')
  .correlate(
    'by-order',
    { order: field('order.id'), payment: field('orderRef'), shipment: recordKey() },
    {
      of: ['order', 'payment', 'shipment'],
      optional: { sides: ['shipment'], withinMs: 2_000 },
      keyName: 'orderId',
      rememberCompleted: { forMs: 24 * 3_600_000 },
    },
  )
  .sink('completed-orders', { topic: 'orders-complete' })
