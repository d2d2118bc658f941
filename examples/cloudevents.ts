/**
 * CloudEvents in the binary mode of the Kafka protocol binding: attributes are headers, the value is the data. The type
 * names the side, the subject is the key; events of other types on the same topic are left out. What is merged goes on
 * in the trace in which the order was placed, or else paid:
 * `millrace run examples/cloudevents.ts --bootstrap-servers localhost:9092`.
 */
import { header, stage, topology } from '../src/doors/millrace.ts'

const sides = { 'com.example.order.placed': stage(), 'com.example.order.paid': stage() }

export default topology('order-events')
  .source('shop-events')
  .filter('of-orders', (_, { headers }) => Object.hasOwn(sides, headers.text('ce_type') ?? ''))
  .route('by-type', header('ce_type'), sides)
  .correlate('by-subject', header('ce_subject'), {
    of: ['com.example.order.placed', 'com.example.order.paid'],
    keyName: 'subject',
  })
  .sink('orders', { topic: 'orders-placed-and-paid', traceContext: true })
