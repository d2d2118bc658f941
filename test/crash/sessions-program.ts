import { nextInt } from '../../src/core/random.ts'
import { field, session, topology } from '../../src/doors/millrace.ts'
import type { Example, ExpectedRecord, GivenRecord, Group } from '../examples/example.ts'
import { groupsInTime } from './in-time.ts'

const firstMs = 1_700_000_000_000
const gapMs = 30_000
/** How far the visits of one person are apart, and those of the next one after them. */
const spreadMs = 300_000
const personEveryMs = 10_000

/** Visits in any order, which make sessions that grow into one another; the last group has the time go on. */
export const sessions: Example = {
  name: 'sessions',
  topology: topology('sessions')
    .source('visits')
    .groupBy('by-person', field('person'))
    .window(session({ gapMs, graceMs: 1_800_000 }))
    .sum(field('pages'))
    .sink('sessions'),
  draw(random, count) {
    const visitsOf = (number: number): Group => {
      const person = `p-${number}`
      const visits = Array.from({ length: 1 + nextInt(random, 9) }, () => ({
        atMs: firstMs + number * personEveryMs + nextInt(random, spreadMs),
        pages: nextInt(random, 20),
      }))
      const records = visits.map(({ atMs, pages }): GivenRecord => {
        return { topic: 'visits', value: JSON.stringify({ person, pages }), timestampMs: atMs }
      })
      const merged: ExpectedRecord[] = []
      let [start, last, pages] = [-Infinity, -Infinity, 0]
      const end = () => {
        const times = `"start":${start},"end":${last + 1}`
        if (last > 0) merged.push({ key: person, value: `{"person":"${person}",${times},"value":${pages}}` })
      }
      for (const visit of visits.toSorted((left, right) => left.atMs - right.atMs)) {
        if (visit.atMs - last > gapMs) {
          end()
          start = visit.atMs
          pages = 0
        }
        last = visit.atMs
        pages += visit.pages
      }
      end()
      return { records, outcomes: [{ merged, deadLetters: [] }] }
    }
    const last = { topic: 'visits', value: '{"person":"last","pages":0}', timestampMs: firstMs + 1e9 }
    return groupsInTime(count, visitsOf, last)
  },
}
