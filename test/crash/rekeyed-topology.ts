/** A program that has its keys in one place or, in another version, elsewhere. */
import { field, stage, topology } from '../../src/streams/index.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_KEY } = process.env as Record<string, string>

export default topology(BENCH_APP!)
  .source(BENCH_SOURCE!)
  .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
  .correlate('by-key', field(BENCH_KEY!), { of: ['A', 'B'], keyName: 'id' })
  .sink(BENCH_SINK!)
