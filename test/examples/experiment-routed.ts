import topology from '../../examples/experiment-routed.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const stages = ['A', 'B', 'C'] as const

/** Customers with a part of each stage; of one in ten a record leads to no stage, and one in twenty never gets all of them. */
export const experimentRouted: Example = {
  name: 'experiment-routed',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `cust-${id}`
      const recordOf = (stage: string): GivenRecord => {
        return {
          topic: 'source-topic',
          value: `{"stage":"${stage}","customerId":"${key}","part":{"of":"${stage}${id}", "n":1e2}}`,
        }
      }
      const [a, b, c] = stages.map(recordOf) as [GivenRecord, GivenRecord, GivenRecord]
      if (nextInt(random, 20) === 0) return { records: [c, a], outcomes: [{ merged: [], deadLetters: [] }] }
      const parts = stages.map((stage) => `"${stage}":{"of":"${stage}${id}", "n":1e2}`)
      const merged = [{ key, value: `{"customerId":"${key}",${parts.join(',')}}` }]
      if (nextInt(random, 10) > 0) return { records: [b, c, a], outcomes: [{ merged, deadLetters: [] }] }
      const stray = recordOf('D')
      return {
        records: [b, stray, a, c],
        outcomes: [{ merged, deadLetters: [{ reason: 'UNKNOWN_STAGE', record: stray }] }],
      }
    })
  },
  provokes: ['UNKNOWN_STAGE'],
}
