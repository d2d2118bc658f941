import { field, type Layout, stage, topology } from '../../src/streams/index.ts'
import { isFaulty, isFaultyMerge } from './relayout-faults.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_LAYOUT, BENCH_FAULTY } = process.env as Record<string, string>

interface Customer {
  readonly id: number
  readonly part: string
}

const stageOf = (side: string) =>
  stage({
    part({ id, part }: Customer) {
      if (side === BENCH_FAULTY && isFaulty(id)) throw new Error('not mended')
      return part
    },
  })

/** Customers of three sides, whose rows may leave the table, in a layout. */
export default topology(BENCH_APP!, { layout: BENCH_LAYOUT as Layout })
  .source<Customer>(BENCH_SOURCE!)
  .route('by-stage', field('stage'), { A: stageOf('A'), B: stageOf('B'), C: stageOf('C') })
  .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], whenFull: 'promote' })
  .map('checked', (merged) => {
    if (BENCH_FAULTY === 'C' && isFaultyMerge(Number((merged as unknown as Customer).id))) throw new Error('not mended')
    return merged
  })
  .sink(BENCH_SINK!)
