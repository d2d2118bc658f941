/**
 * The experiment with several processes at work: records without keys are routed to the partition of their merge key first.
 *
 * Start it as often as there is work for: `millrace run examples/experiment-routed.ts --bootstrap-servers localhost:9092`.
 */
import { field, stage, topology } from '../src/doors/millrace.ts'

const part = field('part')

export default topology('customer-360-routed', { layout: 'routed' })
  .source('source-topic')
  .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink('sink-topic')
