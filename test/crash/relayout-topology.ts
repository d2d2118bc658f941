import { field, type Layout, stage, topology } from '../../src/streams/index.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_LAYOUT } = process.env as Record<string, string>
const part = field('part')

/** Customers of three sides, whose rows may leave the table, in a layout. */
export default topology(BENCH_APP!, { layout: BENCH_LAYOUT as Layout })
  .source(BENCH_SOURCE!)
  .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
  .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], whenFull: 'promote' })
  .sink(BENCH_SINK!)
