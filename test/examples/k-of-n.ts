import topology from '../../examples/k-of-n.ts'
import { nextInt } from '../../src/core/random.ts'
import type { Example, GivenRecord, Group } from './example.ts'

const topic = 'prices'
const suppliers = ['north', 'south', 'west'] as const

/** Articles with prices of one, two or all suppliers, in any order. */
export const kOfN: Example = {
  name: 'k-of-n',
  topology,
  draw(random, count) {
    return Array.from({ length: count }, (_, id): Group => {
      const key = `a-${id}`
      const from = nextInt(random, suppliers.length)
      const order = suppliers.map((_name, at) => suppliers[(from + at) % suppliers.length]!)
      const prices = order.slice(0, 1 + nextInt(random, suppliers.length))
      const records = prices.map((supplier, at): GivenRecord => {
        return { topic, value: `{"supplier":"${supplier}","article":"${key}","price":${id}.${at}0}` }
      })
      if (records.length === 1) return { records, outcomes: [{ merged: [], deadLetters: [] }] }
      const parts = suppliers.flatMap((supplier) => {
        const at = prices.indexOf(supplier)
        return at === 0 || at === 1 ? [`"${supplier}":${id}.${at}0`] : []
      })
      const merged = [{ key, value: `{"article":"${key}",${parts.join(',')}}` }]
      return {
        records,
        outcomes: [{ merged, deadLetters: records.slice(2).map((record) => ({ reason: 'LATE', record })) }],
      }
    })
  },
}
