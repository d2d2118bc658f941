/**
 * Orders with their lines, of which each order says how many it has, and of none where it has none:
 * `millrace run examples/list-side.ts --bootstrap-servers localhost:9092`.
 */
import { field, topology } from '../src/doors/millrace.ts'

export default topology('orders-with-lines')
  .source('order-heads')
  .side('order')
  .source('order-lines')
  .side('lines')
  .correlate('by-order', field('orderId'), {
    of: ['order', 'lines'],
    collect: { lines: { count: { side: 'order', field: field('lineCount') } } },
  })
  .sink('orders-with-lines')
