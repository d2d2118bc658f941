import topology from '../../examples/sales-per-minute.ts'
import { nextInt } from '../../src/core/random.ts'
import type { ExpectedLetter, ExpectedRecord, Example, GivenRecord, Group, Outcome } from './example.ts'

const firstMs = 1_700_000_000_000
const minuteMs = 60_000
/** How far the sales of one shop are apart, and those of the next one after it. */
const spreadMs = 300_000
const shopEveryMs = 10_000
/** Records of so many groups are mixed, so that none comes after the last one. */
const mixed = 100

/**
 * Sales of a shop within some minutes, in any order; some have no amount. One in some was sold a day before: it is late,
 * unless it is read before all others. The last group has the time go on, so that all windows close but its own.
 */
export const salesPerMinute: Example = {
  name: 'sales-per-minute',
  topology,
  provokes: ['NOT_A_NUMBER', 'WINDOW_CLOSED'],
  draw(random, count) {
    const shops = Array.from({ length: count - mixed - 1 }, (_, number): Group => {
      const shop = `s-${number}`
      const sale = (timestampMs: number, cents: unknown): GivenRecord => {
        return { topic: 'sales', value: JSON.stringify({ shop, cents }), timestampMs }
      }
      const sums = new Map<number, number>()
      const deadLetters: ExpectedLetter[] = []
      const records = Array.from({ length: 1 + nextInt(random, 6) }, () => {
        const timestampMs = firstMs + number * shopEveryMs + nextInt(random, spreadMs)
        const cents = nextInt(random, 10_000) - 1_000
        const start = timestampMs - (timestampMs % minuteMs)
        if (nextInt(random, 20) > 0) {
          sums.set(start, (sums.get(start) ?? 0) + cents)
          return sale(timestampMs, cents)
        }
        const record = sale(timestampMs, `${cents}`)
        deadLetters.push({ reason: 'NOT_A_NUMBER', record })
        return record
      })
      const result = (start: number, cents: number): ExpectedRecord => {
        return { key: shop, value: `{"shop":"${shop}","start":${start},"end":${start + minuteMs},"value":${cents}}` }
      }
      const merged = [...sums].map(([start, cents]) => result(start, cents))
      const outcome: Outcome = { merged, deadLetters }
      if (nextInt(random, 10) > 0) return { records, outcomes: [outcome] }
      const dayBefore = firstMs - 86_400_000
      const late = sale(dayBefore, 1)
      return {
        records: [...records, late],
        outcomes: [
          { merged, deadLetters: [...deadLetters, { reason: 'WINDOW_CLOSED', record: late }] },
          { merged: [...merged, result(dayBefore - (dayBefore % minuteMs), 1)], deadLetters },
        ],
      }
    })
    const nothing: Group = { records: [], outcomes: [{ merged: [], deadLetters: [] }] }
    const last: Group = {
      records: [{ topic: 'sales', value: '{"shop":"last","cents":0}', timestampMs: firstMs + 1e9 }],
      outcomes: [{ merged: [], deadLetters: [] }],
    }
    return [...shops, ...Array.from({ length: mixed }, () => nothing), last]
  },
}
