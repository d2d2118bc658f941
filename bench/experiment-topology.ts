/** The experiment on topics, and in the layout, that the bench names in the environment. */
import { field, stage, topology, type TopologyOptions } from '../src/streams/index.ts'

const part = field('part')
const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_LAYOUT = 'single' } = process.env as Record<string, string>

export default topology(BENCH_APP!, { layout: BENCH_LAYOUT as NonNullable<TopologyOptions['layout']> })
  .source(BENCH_SOURCE!)
  .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink(BENCH_SINK!)
