/** The experiment as a program of its own: `millrace run examples/experiment.ts --bootstrap-servers localhost:9092`. */
import { field, stage, topology } from '../src/doors/millrace.ts'

const part = field('part')

export default topology('customer-360')
  .source('source-topic')
  .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink('sink-topic')
