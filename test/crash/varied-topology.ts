/**
 * A program of what the experiment does without: functions, promises, parts that differ each time they are made,
 * expiry, memory.
 */
import { field, stage, topology } from '../../src/streams/index.ts'
import { expireAfterMs, isFiltered, type ComputedPart, type VariedRecord } from './varied-source.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env as Record<string, string>

let computedCount = 0

export default topology(BENCH_APP!)
  .source(BENCH_SOURCE!)
  .route('by-stage', (value) => (value as VariedRecord).stage, {
    A: stage({ part: field('part') }),
    B: stage({ part: async ({ id, part }: VariedRecord) => (isFiltered(id) ? undefined : part) }),
    C: stage({
      part: ({ part }: VariedRecord, { partition, offset }): ComputedPart => ({
        ...part,
        from: `${partition}/${offset}`,
        by: process.pid,
        number: computedCount++,
      }),
      deterministic: false,
    }),
  })
  .correlate('by-id', field('id'), {
    of: ['A', 'B', 'C'],
    expireAfterMs,
    rememberCompleted: { forMs: 86_400_000 },
  })
  .sink(BENCH_SINK!)
