import { nextInt } from '../../src/core/random.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import type { Example, GivenRecord, Group, Outcome } from '../examples/example.ts'

const topic = 'large-parts'
/** So many bytes that a few hundred rows fill the smallest table. */
const filling = 'x'.repeat(4_000)
const nothing: Outcome = { merged: [], deadLetters: [] }

/** A program whose table is always full, because a third of its keys never get their second part. */
export const fullTable: Example = {
  name: 'full-table',
  topology: topology('full-table')
    .source(topic)
    .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-key', field('key'), { of: ['A', 'B'], whenFull: 'expire-oldest' })
    .sink('whole'),
  flags: ['--pending-bytes-max', String(1 << 20)],
  provokes: ['EVICTED'],
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `k-${id}`
      const a: GivenRecord = { topic, value: `{"side":"A","key":"${key}","part":"${filling}"}` }
      const b: GivenRecord = { topic, value: `{"side":"B","key":"${key}","part":${id}}` }
      const evicted: Outcome = { merged: [], deadLetters: [{ reason: 'EVICTED', record: a }] }
      if (nextInt(random, 3) === 0) return { records: [a], outcomes: [evicted, nothing] }
      const merged: Outcome = {
        merged: [{ key, value: `{"key":"${key}","A":"${filling}","B":${id}}` }],
        deadLetters: [],
      }
      const both: Outcome = { merged: [], deadLetters: [...evicted.deadLetters, { reason: 'EVICTED', record: b }] }
      return { records: [a, b], outcomes: [merged, both, evicted] }
    })
  },
}
