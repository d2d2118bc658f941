/**
 * Two tables of a database, as Debezium's connectors write their changes, joined row by row: each order with its
 * payment, once both are inserted. Later changes, deletes and the tombstones after them are left out. The envelopes may
 * be bare, or have the schema around them that `value.converter.schemas.enable` adds:
 * `millrace run examples/debezium.ts --bootstrap-servers localhost:9092`.
 */
import { field, topology } from '../src/doors/millrace.ts'

/** What the connectors write of a change; `r` is a row of the first snapshot. */
interface Envelope<Row> {
  readonly op: 'c' | 'r' | 'u' | 'd' | 't' | 'm'
  readonly before: Row | null
  readonly after: Row | null
}

/** The same with the schema around it. */
interface Wrapped<Row> {
  readonly schema: unknown
  readonly payload: Envelope<Row>
}

type Change<Row> = Envelope<Row> | Wrapped<Row>

interface Order {
  readonly id: number | bigint
  readonly customer: string
}

interface Payment {
  readonly order_id: number | bigint
  readonly cents: number
}

const isChange = <Row>(change: Change<Row> | null): change is Change<Row> => change !== null
const unwrapped = <Row>(change: Change<Row>): Envelope<Row> => ('payload' in change ? change.payload : change)
const isInsert = <Row>({ op }: Envelope<Row>) => op === 'c' || op === 'r'
const rowOf = <Row>({ after }: Envelope<Row>) => after

/** Keys of tables may be larger than numbers are exact. */
const bigIntegers = 'bigint'

export default topology('paid-orders')
  .source<Change<Order> | null>('shop.public.orders', { bigIntegers })
  .filter('order-changes', isChange<Order>)
  .map('order-envelopes', unwrapped<Order>)
  .filter('order-inserts', isInsert<Order>)
  .map('order-rows', rowOf<Order>)
  .side('order')
  .source<Change<Payment> | null>('shop.public.payments', { bigIntegers })
  .filter('payment-changes', isChange<Payment>)
  .map('payment-envelopes', unwrapped<Payment>)
  .filter('payment-inserts', isInsert<Payment>)
  .map('payment-rows', rowOf<Payment>)
  .side('payment')
  .correlate(
    'by-order',
    { order: field('id'), payment: field('order_id') },
    { of: ['order', 'payment'], keyName: 'orderId' },
  )
  .sink('paid', { topic: 'paid-orders' })
