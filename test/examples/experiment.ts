import topology from '../../examples/experiment.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const topic = 'source-topic'

/** Customers with a part of each stage; of one in ten a part comes twice, and one in twenty never gets all of them. */
export const experiment: Example = {
  name: 'experiment',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `cust-${id}`
      const [a, b, c] = (['A', 'B', 'C'] as const).map((stage): GivenRecord => {
        return { topic, value: `{"stage":"${stage}","customerId":"${key}","part":{"of":"${stage}${id}", "n":1e2}}` }
      }) as [GivenRecord, GivenRecord, GivenRecord]
      if (nextInt(random, 20) === 0) return { records: [c, a], outcomes: [{ merged: [], deadLetters: [] }] }
      const merged = [{ key, value: mergedText(id) }]
      if (nextInt(random, 10) > 0) return { records: [b, c, a], outcomes: [{ merged, deadLetters: [] }] }
      const again = { ...b }
      return {
        records: [b, again, a, c],
        outcomes: [{ merged, deadLetters: [{ reason: 'DUPLICATE', record: again }] }],
      }
    })
  },
}

function mergedText(id: number): string {
  const parts = ['A', 'B', 'C'].map((stage) => `"${stage}":{"of":"${stage}${id}", "n":1e2}`)
  return `{"customerId":"cust-${id}",${parts.join(',')}}`
}
