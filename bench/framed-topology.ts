/** The experiment behind the prefix of a schema registry, on topics that the bench names. */
import { confluentJson, field, stage, topology } from '../src/streams/index.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env as Record<string, string>

const part = stage({ part: field('part') })

export default topology(BENCH_APP!)
  .source(`${BENCH_SOURCE}.framed`, { decode: confluentJson() })
  .route('by-stage', field('stage'), { A: part, B: part, C: part })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink(BENCH_SINK!)
