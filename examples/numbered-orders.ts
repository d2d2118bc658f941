/**
 * Orders of a shop that sends some of them twice, numbered within their country, with the name that the country has by
 * then, and joined with their payments. What has been seen, how far each country is, and what it is called stands in
 * tables, which change with the epochs: `millrace run examples/numbered-orders.ts --bootstrap-servers localhost:9092`.
 */
import { field, type RecordView, stage, table, topology } from '../src/doors/millrace.ts'
import { number, text } from '../src/doors/state.ts'

interface Order {
  readonly orderId: string
  readonly country: string
  readonly cents: number
}

interface Country {
  readonly country: string
  readonly name: string
}

/** When each order came first. */
const seen = table('seen', { key: text, value: number })
/** How many orders each country has. */
const perCountry = table('per-country', { key: text, value: number })
/** What countries are called. */
const names = table('names', { key: text, value: text })

function isNew({ orderId }: Order, record: RecordView): boolean {
  const orders = record.table(seen)
  if (orders.has(orderId)) return false
  orders.set(orderId, record.timestampMs)
  return true
}

function numbered({ country, cents }: Order, record: RecordView) {
  const counts = record.table(perCountry)
  const count = (counts.get(country) ?? 0) + 1
  counts.set(country, count)
  return { number: `${country}-${count}`, country: record.table(names).get(country) ?? null, cents }
}

const order = stage<Order, ReturnType<typeof numbered>>({ part: numbered })

export default topology('numbered-orders')
  .tables(seen, perCountry, names)
  .source<Country>('shop-countries')
  // It fills a table, and nothing goes on.
  .filter('name', ({ country, name }, record) => {
    record.table(names).set(country, name)
    return false
  })
  .side('order', order)
  .source<Order>('shop-orders')
  .filter('new', isNew)
  .side('order', order)
  .source('shop-payments')
  .side('payment', stage({ part: field('payment') }))
  .correlate('by-order', field('orderId'), { of: ['order', 'payment'] })
  .sink('numbered-orders')
