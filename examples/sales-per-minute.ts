/**
 * What each shop has sold in each minute, by the time at which it was sold. Sales may come half an hour late; what comes
 * later still is a dead letter: `millrace run examples/sales-per-minute.ts --bootstrap-servers localhost:9092`.
 */
import { field, topology, tumbling } from '../src/doors/millrace.ts'

export default topology('sales-per-minute')
  .source('sales')
  .groupBy('by-shop', field('shop'))
  .window(tumbling({ sizeMs: 60_000, graceMs: 1_800_000 }), { late: 'deadLetter' })
  .sum(field('cents'))
  .sink('sales-per-minute')
