import { nextInt } from '../../src/core/random.ts'
import { number, text } from '../../src/state/index.ts'
import { field, table, topology, tumbling } from '../../src/streams/index.ts'
import type { Example, ExpectedRecord, GivenRecord, Group } from '../examples/example.ts'
import { groupsInTime } from './in-time.ts'

const firstMs = 1_700_000_000_000
const minuteMs = 60_000
/** How far the sales of one shop are apart, and those of the next one after it. */
const spreadMs = 300_000
const shopEveryMs = 10_000

interface Sale {
  readonly id: string
  readonly shop: string
  readonly cents: number
}

const seen = table('seen', { key: text, value: number })

/** Sales of which some come twice, and count once; minutes without a balance are left out, the others go to two topics. */
export const tallied: Example = {
  name: 'tallied',
  topology: topology('tallied')
    .tables(seen)
    .source<Sale>('tallied-sales')
    .filter('first', ({ id }, record) => {
      const ids = record.table(seen)
      if (ids.has(id)) return false
      ids.set(id, 1)
      return true
    })
    .groupBy('by-shop', field('shop'))
    .window(tumbling({ sizeMs: minuteMs, graceMs: 1_800_000 }))
    .sum(field('cents'))
    .filter('with-balance', ({ value }) => value !== 0)
    .map('balance', ({ start, value }, shop) => ({ shop, start, balance: Math.abs(value), isLoss: value < 0 }))
    .branch('by-sign', ({ isLoss }) => (isLoss ? 'losses' : 'gains'), { gains: {}, losses: {} }),
  draw(random, count) {
    const salesOf = (at: number): Group => {
      const shop = `s-${at}`
      const sums = new Map<number, number>()
      const records = Array.from({ length: 1 + nextInt(random, 6) }).flatMap((_unused, sale): GivenRecord[] => {
        const timestampMs = firstMs + at * shopEveryMs + nextInt(random, spreadMs)
        const cents = nextInt(random, 5) - 2
        const start = timestampMs - (timestampMs % minuteMs)
        sums.set(start, (sums.get(start) ?? 0) + cents)
        const record = {
          topic: 'tallied-sales',
          value: JSON.stringify({ id: `${shop}-${sale}`, shop, cents }),
          timestampMs,
        }
        return nextInt(random, 3) === 0 ? [record, { ...record }] : [record]
      })
      const merged = [...sums].flatMap(([start, sum]): ExpectedRecord[] => {
        if (sum === 0) return []
        const value = JSON.stringify({ shop, start, balance: Math.abs(sum), isLoss: sum < 0 })
        return [{ topic: sum < 0 ? 'losses' : 'gains', key: shop, value }]
      })
      return { records, outcomes: [{ merged, deadLetters: [] }] }
    }
    const last = {
      topic: 'tallied-sales',
      value: '{"id":"last","shop":"last","cents":0}',
      timestampMs: firstMs + 1e9,
    }
    return groupsInTime(count, salesOf, last)
  },
}
