/** The experiment with a topic for each stage, on topics that the bench names. */
import { field, stage, topology } from '../src/streams/index.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env as Record<string, string>

const part = stage({ part: field('part') })

export default topology(BENCH_APP!)
  .source(`${BENCH_SOURCE}.A`)
  .side('A', part)
  .source(`${BENCH_SOURCE}.B`)
  .side('B', part)
  .source(`${BENCH_SOURCE}.C`)
  .side('C', part)
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink(BENCH_SINK!)
