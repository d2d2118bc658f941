/** The experiment with a map that reads two fields of each merged record, on topics that the bench names. */
import { field, stage, topology } from '../src/streams/index.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env as Record<string, string>

const part = field('part')
const profile = stage<unknown, { readonly name: string }>({ part })
const order = stage<unknown, { readonly amount: number }>({ part })

export default topology(BENCH_APP!)
  .source(BENCH_SOURCE!)
  .route('by-stage', field('stage'), { A: profile, B: order, C: stage({ part }) })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .map('bill', ({ A, B }, customerId) => ({ customerId, name: A.name, amount: B.amount }))
  .sink(BENCH_SINK!)
