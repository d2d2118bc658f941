import { nextInt } from '../../src/core/random.ts'
import { json, number, text } from '../../src/state/index.ts'
import { field, stage, table, topology } from '../../src/streams/index.ts'
import type { Example, GivenRecord, Group } from '../examples/example.ts'

interface Customer {
  readonly id: string
  readonly country: string
}

/** How many customers each country has. */
const perCountry = table('per-country', { key: text, value: number })
/** What countries are called. */
const countries = table('countries', { topic: 'counted-countries', key: text, value: json<string>() })

const program = topology('counted')
  .tables(perCountry, countries)
  .source<Customer>('counted-customers')
  .side(
    'number',
    stage({
      part({ country }: Customer, record) {
        const counts = record.table(perCountry)
        const count = (counts.get(country) ?? 0) + 1
        counts.set(country, count)
        return count
      },
    }),
  )
  .source<Customer>('counted-visits')
  .side('country', stage({ part: ({ country }: Customer, record) => record.table(countries).get(country) ?? null }))
  .correlate('by-id', field('id'), { of: ['number', 'country'] })
  .sink('counted')

/**
 * Countries whose customers are counted in a table, and named from another one. Each has one outcome: customers of a
 * country lie in one partition, and all of the names are there before a process begins.
 */
export const counted: Example = {
  name: 'counted',
  topology: program,
  draw(random, count) {
    return Array.from({ length: count }, (_, at): Group => {
      const country = `C${at}`
      const ids = Array.from({ length: 1 + nextInt(random, 5) }, (_unused, id) => `${country}-${id}`)
      const names = ['Old', 'New'].map((age): GivenRecord => {
        return { topic: 'counted-countries', key: country, value: JSON.stringify(`${age} ${country}`) }
      })
      const records = ids.flatMap((id): GivenRecord[] => {
        const value = JSON.stringify({ id, country })
        const visit = { topic: 'counted-visits', value }
        return [{ topic: 'counted-customers', value }, ...(nextInt(random, 8) > 0 ? [visit] : [])]
      })
      const merged = ids.flatMap((id, number) => {
        const value = `{"id":"${id}","number":${number + 1},"country":"New ${country}"}`
        return records.some(
          ({ topic, value: of }) => topic === 'counted-visits' && of === JSON.stringify({ id, country }),
        )
          ? [{ key: id, value }]
          : []
      })
      return { records: [...names, ...records], outcomes: [{ merged, deadLetters: [] }] }
    })
  },
}
