import { nextInt } from '../../src/core/random.ts'
import { number, text } from '../../src/state/index.ts'
import { field, stage, table, topology } from '../../src/streams/index.ts'
import type { Example, GivenRecord, Group } from '../examples/example.ts'

interface Item {
  readonly id: string
  readonly filling: string
}

interface Basket {
  readonly country: string
  readonly items: readonly Item[]
}

/** How many items each country has. */
const perCountry = table('per-country', { key: text, value: number })
/** Items that were sold, which no correlation may be shown twice. */
const sold = table('sold', { key: text, value: number })

/** So many bytes that a thousand items or so fill the table. */
const filling = 'x'.repeat(1_500)

const program = topology('combined')
  .tables(perCountry)
  .source<Basket>('baskets')
  .flatMap(
    'items',
    ({ country, items }, record) => {
      const counts = record.table(perCountry)
      return items.map((item) => {
        const count = (counts.get(country) ?? 0) + 1
        counts.set(country, count)
        return { ...item, number: count }
      })
    },
    { partsMax: 4 },
  )
  .side('item', stage<Item & { readonly number: number }>())
  .source('item-payments')
  .side('payment', stage({ part: field('at') }))
  .correlate('by-item', field('id'), { of: ['item', 'payment'], whenFull: 'promote' })
  .map('sale-of-item', ({ item }, id) => ({ id, number: (item as { readonly number: number }).number }))
  .into(
    'sale',
    stage<{ readonly id: string; readonly number: number }, number>({
      part({ id, number: of }, record) {
        const sales = record.table(sold)
        const isAgain = sales.has(id)
        sales.set(id, of)
        return isAgain ? -1 : of
      },
    }),
  )
  .tables(sold)
  .source('deliveries')
  .side('delivery', stage({ part: field('by') }))
  .correlate('by-sale', field('id'), { of: ['sale', 'delivery'], whenFull: 'promote' })
  .sink('delivered')

/**
 * Baskets of items that are numbered within their country, by a flatMap with a table, and do not all fit into the
 * pending table; what is paid goes on into a correlation with a table of its own. Each has one outcome: baskets of a
 * country lie in one partition.
 */
export const combined: Example = {
  name: 'combined',
  topology: program,
  flags: ['--pending-bytes-max', String(2 << 20)],
  draw(random, count) {
    return Array.from({ length: count }, (_, at): Group => {
      const country = `C${at}`
      const records: GivenRecord[] = []
      const merged: { key: string; value: string }[] = []
      let ofCountry = 0
      for (let basket = 0; basket < 1 + nextInt(random, 2); basket++) {
        const items = Array.from({ length: 1 + nextInt(random, 3) }, () => ({
          id: `${country}-${++ofCountry}`,
          filling,
        }))
        records.push({ topic: 'baskets', value: JSON.stringify({ country, items }) })
        for (const { id } of items) {
          if (nextInt(random, 3) === 0) continue
          records.push({ topic: 'item-payments', value: `{"id":"${id}","at":${at}}` })
          if (nextInt(random, 4) === 0) continue
          records.push({ topic: 'deliveries', value: `{"id":"${id}","by":"van ${at}"}` })
          const value = `{"id":"${id}","sale":${id.split('-')[1]},"delivery":"van ${at}"}`
          merged.push({ key: id, value })
        }
      }
      return { records, outcomes: [{ merged, deadLetters: [] }] }
    })
  },
}
