import { nextInt } from '../../src/core/random.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import type { Example, GivenRecord, Group, Outcome } from '../examples/example.ts'

const topic = 'larger-parts'
/** So many bytes that a few more than a hundred rows fill the smallest table. */
const filling = 'x'.repeat(6_500)
const nothing: Outcome = { merged: [], deadLetters: [] }

/**
 * A program whose pending rows are several times what its table holds, because half of its keys never get their
 * second part: the others come while their rows are in memory or not.
 */
export const promotedTable: Example = {
  name: 'promoted-table',
  topology: topology('promoted-table')
    .source(topic)
    .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-key', field('key'), { of: ['A', 'B'], whenFull: 'promote' })
    .sink('whole'),
  flags: ['--pending-bytes-max', String(1 << 20)],
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `k-${id}`
      const a: GivenRecord = { topic, value: `{"side":"A","key":"${key}","part":"${filling}"}` }
      const b: GivenRecord = { topic, value: `{"side":"B","key":"${key}","part":${id}}` }
      if (nextInt(random, 2) === 0) return { records: [a], outcomes: [nothing] }
      const merged = [{ key, value: `{"key":"${key}","A":"${filling}","B":${id}}` }]
      return { records: [a, b], outcomes: [{ merged, deadLetters: [] }] }
    })
  },
}
