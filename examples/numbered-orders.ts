/**
 * Orders of a shop that sends some of them twice, numbered within their country and joined with their payments: what has
 * been seen and how far each country is stands in tables, which change with the epochs: `millrace run
 * examples/numbered-orders.ts --bootstrap-servers localhost:9092`.
 */
import { field, type RecordView, stage, table, topology } from '../src/doors/millrace.ts'
import { number, text } from '../src/doors/state.ts'

interface Order {
  readonly orderId: string
  readonly country: string
  readonly cents: number
}

/** When each order came first. */
const seen = table('seen', { key: text, value: number })
/** How many orders each country has. */
const perCountry = table('per-country', { key: text, value: number })

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
  return { number: `${country}-${count}`, cents }
}

export default topology('numbered-orders')
  .tables(seen, perCountry)
  .source<Order>('shop-orders')
  .filter('new', isNew)
  .side('order', stage<Order, ReturnType<typeof numbered>>({ part: numbered }))
  .source('shop-payments')
  .side('payment', stage({ part: field('payment') }))
  .correlate('by-order', field('orderId'), { of: ['order', 'payment'] })
  .sink('numbered-orders')
