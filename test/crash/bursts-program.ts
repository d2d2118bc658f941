import { nextInt } from '../../src/core/random.ts'
import { field, sliding, topology } from '../../src/doors/millrace.ts'
import type { Example, GivenRecord, Group } from '../examples/example.ts'
import { groupsInTime } from './in-time.ts'

const firstMs = 1_700_000_000_000
const timeDifferenceMs = 60_000
/** How far the payments of one card are apart, and those of the next one after them. */
const spreadMs = 300_000
const cardEveryMs = 10_000

/**
 * Payments in any order, and which of them lie within a minute, for those who have asked for that; the last group has the
 * time go on.
 */
export const bursts: Example = {
  name: 'bursts',
  topology: topology('bursts')
    .source('payments')
    .groupBy('by-card', field('card'))
    .window(sliding({ timeDifferenceMs, graceMs: 1_800_000 }))
    .collect(field('cents'))
    .map('named', ({ start, end, value }, card) => ({ id: `${card}@${start}`, start, end, value }))
    .into('burst')
    .source('questions')
    .side('question')
    .correlate('by-id', field('id'), { of: ['burst', 'question'] })
    .sink('bursts'),
  draw(random, count) {
    const paymentsOf = (number: number): Group => {
      const card = `c-${number}`
      const payments = Array.from({ length: 1 + nextInt(random, 9) }, () => ({
        // By the second, so that some are of one time.
        atMs: firstMs + number * cardEveryMs + 1_000 * nextInt(random, spreadMs / 1_000),
        cents: nextInt(random, 10_000),
      }))
      const records = payments.map(({ atMs, cents }): GivenRecord => {
        return { topic: 'payments', value: JSON.stringify({ card, cents }), timestampMs: atMs }
      })
      const starts = new Set(payments.flatMap(({ atMs }) => [atMs - timeDifferenceMs, atMs + 1]))
      const found = [...starts].flatMap((start) => {
        const end = start + timeDifferenceMs + 1
        const value = payments.filter(({ atMs }) => start <= atMs && atMs < end).map(({ cents }) => cents)
        return value.length === 0 ? [] : [{ id: `${card}@${start}`, start, end, value }]
      })
      const questions = found.map(({ id }) => ({ topic: 'questions', value: JSON.stringify({ id }) }))
      const merged = found.map((burst) => {
        const { id } = burst
        return { key: id, value: JSON.stringify({ id, burst, question: { id } }) }
      })
      return { records: [...records, ...questions], outcomes: [{ merged, deadLetters: [] }] }
    }
    const last = { topic: 'payments', value: '{"card":"last","cents":0}', timestampMs: firstMs + 1e9 }
    return groupsInTime(count, paymentsOf, last)
  },
}
