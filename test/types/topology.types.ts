/** Compiled with everything else, never run: what must not compile says so with `@ts-expect-error`. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { number, text } from '../../src/state/index.ts'
import {
  confluentJson,
  field,
  header,
  type Json,
  recordKey,
  stage,
  table,
  type Topology,
  topology,
  tumbling,
} from '../../src/streams/index.ts'

/** Holds only when both types are the same. */
type Same<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false

/** What a topology publishes. */
type OutputOf<Program> = Program extends Topology<infer Output> ? Output : never

/** What it has left of rows that have expired. */
type ExpiredOf<Program> = Program extends Topology<infer _Output, infer Expired> ? Expired : never

function holds<_Claim extends true>(): void {}

interface Order {
  readonly amount: number
}
declare const orderSchema: StandardSchemaV1<unknown, Order>

const base = topology('types').source('in')
const routed = base.route('by-stage', field('stage'), {
  raw: stage(),
  picked: stage({ part: field('part') }),
  made: stage({ part: (value: Order) => ({ cents: value.amount * 100 }) }),
  checked: stage({ schema: orderSchema, part: (order) => order.amount }),
  awaited: stage({ part: async (value: Order) => String(value.amount) }),
  filtered: stage({ part: (value: Order) => (value.amount > 0 ? value.amount : undefined) }),
})

const all = routed
  .correlate('by-id', field('id'), { of: ['raw', 'picked', 'made', 'checked', 'awaited', 'filtered'] })
  .sink('out')

holds<
  Same<
    OutputOf<typeof all>,
    {
      readonly raw: Json
      readonly picked: Json
      readonly made: { cents: number }
      readonly checked: number
      readonly awaited: string
      readonly filtered: number
    }
  >
>()

// Only the sides that are named are in the output.
const some = routed.correlate('by-id', field('id'), { of: ['made', 'checked'] }).sink('out')
holds<Same<OutputOf<typeof some>, { readonly made: { cents: number }; readonly checked: number }>>()

// What a map makes is the output, and a type guard narrows it.
const pair = routed.correlate('by-id', field('id'), { of: ['made', 'checked'] })
const mapped = pair
  .map('cents', ({ made, checked }, key) => ({ key, cents: made.cents + checked }))
  .filter('some', ({ cents }) => cents > 0)
  .map('text', ({ cents }) => `${cents} cents`)
  .sink('out')
holds<Same<OutputOf<typeof mapped>, string>>()
declare const expired: ExpiredOf<typeof mapped>
export const checkedOnly: number | undefined = expired.made === undefined ? expired.checked : undefined
// @ts-expect-error a row that has all that a merge needs does not expire
export const whole: ExpiredOf<typeof mapped> = { made: { cents: 1 }, checked: 1 }
export const partial: ExpiredOf<typeof mapped> = { checked: 1 }
const narrowed = pair
  .map('maybe', ({ checked }): number | string | null => (checked > 0 ? checked : null))
  .filter('number', (value) => typeof value === 'number')
  .sink('out')
holds<Same<OutputOf<typeof narrowed>, number>>()

// @ts-expect-error a merged record has the sides that are named
pair.filter('raw', ({ raw }) => raw !== null)

// @ts-expect-error what a map has made is what the next function is given
pair.map('cents', ({ made }) => made.cents).map('more', ({ made }) => made)

// @ts-expect-error a filter says yes or no
pair.filter('text', () => 'yes')

// @ts-expect-error and says it at once
pair.filter('later', async () => true)

// @ts-expect-error integers are numbers or BigInt
pair.map('exact', ({ made }) => made, { bigIntegers: 'string' })

// A sink's functions are given what the maps have made, and a branch names the sinks that it has.
pair
  .map('total', ({ made }) => ({ cents: made.cents, region: 'here' as 'here' | 'there' | undefined }))
  .branch('by-region', ({ region }) => region, {
    here: { key: ({ cents }) => String(cents), headers: ({ cents }, key) => ({ [String(key)]: `${cents}` }) },
    there: { topic: 'elsewhere', partition: ({ cents }, _, partitionCount) => cents % partitionCount, key: 'none' },
  })

// @ts-expect-error there is no sink of this name
pair.branch('by-size', ({ checked }) => (checked > 1 ? 'large' : 'small'), { large: {} })

// @ts-expect-error a key is text, bytes or none
pair.sink('out', { key: ({ checked }) => checked })

// @ts-expect-error the merged record has no such side
pair.sink('out', { headers: ({ raw }) => raw })

// @ts-expect-error a codec that Kafka does not know
pair.sink('out', { compression: 'brotli' })

// @ts-expect-error a topic for rows that lack a side which is none
routed.correlate('by-id', field('id'), { of: ['made', 'checked'], expireAfterMs: 1, expireTo: { maed: 'late' } })

// A topology of any output is a topology.
export const programs: readonly Topology[] = [all, some]

// @ts-expect-error no stage has the name of this side
routed.correlate('by-id', field('id'), { of: ['made', 'missing'] })

// @ts-expect-error a key is a field
routed.correlate('by-id', 'id', { of: ['made', 'checked'] })

// @ts-expect-error sides are required
routed.correlate('by-id', field('id'), {})

// @ts-expect-error keys are remembered for a time
routed.correlate('by-id', field('id'), { of: ['made', 'checked'], rememberCompleted: { keysMax: 10 } })

// @ts-expect-error a route leads to stages
base.route('by-stage', field('stage'), { made: field('part') })

// @ts-expect-error a route is a field or a function
base.route('by-stage', 'stage', { made: stage() })

// @ts-expect-error a part is a field or a function
stage({ part: 'part' })

// @ts-expect-error the function is given what the schema gives
stage({ schema: orderSchema, part: (order) => order.total })

// @ts-expect-error a topology without a sink is none
export const endless: Topology = routed.correlate('by-id', field('id'), { of: ['made', 'checked'] })

// Several sources: the output has the sides of all of them.
const several = topology('several')
  .source('orders')
  .side('order', stage({ part: (value: Order) => value.amount }))
  .source('payments')
  .side('payment')
  .source('rest')
  .route('by-kind', field('kind'), { shipment: stage({ part: field('part') }), invoice: stage() })
const keys = {
  order: field('order.id').asString(),
  payment: recordKey(),
  shipment: header('order'),
  invoice: field('ref'),
}
const severalSides = several
  .correlate('by-order', keys, { of: ['order', 'payment', 'shipment', 'invoice'] })
  .sink('out')
holds<
  Same<
    OutputOf<typeof severalSides>,
    { readonly order: number; readonly payment: Json; readonly shipment: Json; readonly invoice: Json }
  >
>()

// An optional side may be missing in the output.
const optional = several
  .correlate('by-order', keys, {
    of: ['order', 'payment', 'shipment', 'invoice'],
    optional: { sides: ['invoice'], withinMs: 1_000 },
    expireAfterMs: 1,
  })
  .sink('out')
declare const merged: OutputOf<typeof optional>
export const ordered: number = merged.order
export const invoiced: Json | undefined = merged.invoice
// @ts-expect-error it may not have come
export const surely: Json = merged.invoice

// Where some of the sides are enough, any may be missing.
const enough = several
  .correlate('by-order', keys, { of: ['order', 'payment', 'shipment', 'invoice'], atLeast: 2, expireAfterMs: 1 })
  .sink('out')
declare const mergedOfEnough: OutputOf<typeof enough>
export const perhapsOrdered: number | undefined = mergedOfEnough.order
// @ts-expect-error it may not have come
export const surelyOrdered: number = mergedOfEnough.order

// A list has parts, or none, and is always there.
const collected = several
  .correlate('by-order', keys, {
    of: ['order', 'payment', 'shipment', 'invoice'],
    latest: ['payment'],
    collect: { order: { count: 3 }, shipment: {}, invoice: { count: { side: 'payment', field: field('n') } } },
    optional: { sides: ['shipment'], withinMs: 1_000 },
    expireAfterMs: 1,
  })
  .sink('out')
holds<
  Same<
    OutputOf<typeof collected>,
    {
      readonly order: readonly number[]
      readonly payment: Json
      readonly shipment: readonly Json[]
      readonly invoice: readonly Json[]
    }
  >
>()

// @ts-expect-error a list is one of the sides
several.correlate('by-order', keys, { of: ['order', 'payment'], collect: { invoice: { count: 2 } } })

several.correlate('by-order', keys, {
  of: ['order', 'payment', 'shipment', 'invoice'],
  // @ts-expect-error what tells a number is one of the sides
  collect: { order: { count: { side: 'orders', field: field('n') } } },
})

// @ts-expect-error a side that is optional is one of the sides
several.correlate('by-order', keys, { of: ['order', 'payment'], optional: { sides: ['invoice'], withinMs: 1_000 } })

// @ts-expect-error no source has this side
several.correlate('by-order', field('id'), { of: ['order', 'payments'] })

// @ts-expect-error each side has a key
several.correlate('by-order', { order: field('order.id') }, { of: ['order', 'payment'] })

several.correlate(
  'by-order',
  {
    order: field('id'),
    payment: field('id'),
    // @ts-expect-error there is no side of this name to have a key
    payments: field('id'),
  },
  { of: ['order', 'payment'] },
)

// @ts-expect-error a part is the field as it stands
stage({ part: field('id').asString() })

// @ts-expect-error a key is read as text, JSON or base64
recordKey('hex')

// @ts-expect-error a source says of which sides its records are
topology('unfinished').source('in').source('other')

// Filters and maps: each function is given what the one before makes of the value.
interface Envelope {
  readonly op: string
  readonly after: Order | null
}
const isOrder = (value: Order | null): value is Order => value !== null
const enveloped = topology('enveloped')
  .source<Envelope>('in')
  .filter('no-tombstones', (envelope, record) => record.value !== null && envelope.op !== 'd')
  .map('after', (envelope) => envelope.after)
  .filter('orders', isOrder)
enveloped.route('by-amount', (order, { headers }) => (order.amount > 1 ? 'A' : (headers.text('side') ?? 'B')), {
  A: stage(),
  B: stage(),
})

// @ts-expect-error the value has been mapped
enveloped.filter('deletes', ({ op }) => op === 'd')

// A flatMap gives each of what it makes to the next function, before the route and after the merge.
const lines = topology('lines')
  .source<{ readonly id: string; readonly lines: readonly { readonly sku: string }[] }>('orders')
  .flatMap('lines', ({ id, lines }) => lines.map(({ sku }) => ({ id, sku })), { partsMax: 8 })
  .filter('skus', ({ sku }, { index }) => sku.length > index)
  .side('line')
  .source('others')
  .side('other')
  .correlate('by-id', field('id'), { of: ['line', 'other'] })
  .flatMap('names', (merged) => Object.keys(merged))
  .map('lengths', (name) => name.length)
  .sink('out')
holds<Same<OutputOf<typeof lines>, number>>()
const orders = topology('lines').source('orders')
// @ts-expect-error what it makes is a list
orders.flatMap('none', () => 1)

// A map that leaves records out gives what it makes of the others.
topology('left-out')
  .source<Envelope>('in')
  .map('order', ({ after }) => after ?? undefined)
  .filter('large', ({ amount }) => amount > 1)

// A decoder says what the value is.
topology('decoded')
  .source('in', { decode: async (bytes): Promise<Order> => ({ amount: bytes.length }) })
  .filter('large', ({ amount }) => amount > 1)
topology('framed')
  .source('in', { decode: confluentJson<Order>({ ids: [1] }) })
  // @ts-expect-error an order has no total
  .filter('large', ({ total }) => total > 1)

// Without a word of the program nothing is known of a value.
topology('unknown')
  .source('in')
  // @ts-expect-error it may be anything
  .filter('large', (value) => value.amount > 1)

topology('filtered')
  .source<Order>('in')
  // @ts-expect-error a filter answers yes or no
  .filter('large', ({ amount }) => amount)

// Keys by functions: what its value is, the function says itself.
several.correlate(
  'by-order',
  { ...keys, order: (order: Order, { key }) => key?.toString() ?? order.amount },
  { of: ['order', 'payment', 'shipment', 'invoice'], keyName: 'order' },
)

// @ts-expect-error a key is a string or a number
several.correlate('by-order', () => true, { of: ['order', 'payment'] })

// A merge goes on into a further correlation, which knows the sides of both.
const chained = topology('chained')
  .source('orders')
  .side('order', stage<unknown, Order>())
  .source('payments')
  .side('payment')
  .correlate('by-order', field('id'), { of: ['order', 'payment'] })
  .map('paid', ({ order }) => ({ cents: order.amount * 100 }))
  .into('paid')
  .source('customers')
  .side('customer')
const byCustomer = chained.correlate('by-customer', field('customerId'), { of: ['paid', 'customer'] }).sink('out')
holds<Same<OutputOf<typeof byCustomer>, { readonly paid: { cents: number }; readonly customer: Json }>>()
// What expires may be of either.
export const unpaid: ExpiredOf<typeof byCustomer> = { order: { amount: 1 } }
export const unknownCustomer: ExpiredOf<typeof byCustomer> = { paid: { cents: 100 } }
// @ts-expect-error no row has sides of both
export const ofBoth: ExpiredOf<typeof byCustomer> = { order: { amount: 1 }, paid: { cents: 100 }, payment: 1 }

// @ts-expect-error no merge is a part of this side
chained.correlate('by-customer', field('customerId'), { of: ['payd', 'customer'] })

// @ts-expect-error the sides of the correlation before are no sides of this one
chained.correlate('by-customer', field('customerId'), { of: ['order', 'customer'] })

// @ts-expect-error what goes on needs another correlation
chained.sink('out')

// Functions get at the rows of a table by its declaration, which gives their types.
const perCountry = table('per-country', { key: text, value: number })
topology('counted')
  .tables(perCountry)
  .source<Order>('orders')
  .filter('few', (_, record) => (record.table(perCountry).get('DK') ?? 0) < 10)
  // @ts-expect-error there is no such table
  .filter('misspelt', (_, record) => record.table(perCuontry).has('DK'))
  .filter('wrong key', (_, record) => {
    // @ts-expect-error its keys are texts
    record.table(perCountry).set(1, 1)
    // @ts-expect-error its values are numbers
    record.table(perCountry).set('DK', '1')
    return true
  })

// Those of a table that a topic fills are looked up, and not changed.
const people = table('people', { topic: 'people', key: text, value: text })
topology('named')
  .tables(perCountry, people)
  .source<Order>('orders')
  .filter('known', async (_, record) => (record.table(people).get('ada') ?? '').length > 0)
  .filter('changed', (_, record) => {
    // @ts-expect-error functions cannot change it
    record.table(people).set('ada', 'Ada')
    // @ts-expect-error nor delete its rows
    record.table(people).delete('ada')
    // @ts-expect-error its values are texts
    return record.table(people).get('ada') > 1
  })

// @ts-expect-error a table has a codec for its values
table('incomplete', { key: text })

// What windows publish goes through functions, each of which gives the next one its type.
const counted = topology('per-minute')
  .source<Order>('orders')
  .groupBy('by-country', field('country'))
  .window(tumbling({ sizeMs: 60_000 }))
  .count()
const summarized = counted
  .filter('busy', ({ start, value }) => value > 1 && start > 0)
  .map('summary', ({ end, value }, key) => ({ key, until: new Date(end), count: value }))
  .branch('by-count', ({ count }) => (count > 9 ? 'many' : 'few'), {
    many: { headers: ({ count }) => ({ count: String(count) }) },
    few: {},
  })
holds<Same<OutputOf<typeof summarized>['count'], number>>()

// @ts-expect-error there is no sink of this name
counted.branch('misspelt', () => 'fwe', { few: {} })

// Results may be parts of a side of a further correlation.
const goals = counted
  .map('named', ({ start, value }, country) => ({ id: `${country}@${start}`, value }))
  .into('orders')
  .source('goals')
  .side('goal', stage<unknown, { atLeast: number }>())
  .correlate('by-id', field('id'), { of: ['orders', 'goal'] })
  .map('reached', ({ orders, goal }) => orders.value >= goal.atLeast)
  .sink('goals-reached')
holds<Same<OutputOf<typeof goals>, boolean>>()

// A further correlation has tables of its own, before its sources.
const further = topology('further')
  .source('orders')
  .side('order')
  .source('payments')
  .side('payment')
  .correlate('by-order', field('orderId'), { of: ['order', 'payment'] })
  .into('paid')
  .tables(perCountry)
  .source('customers')
  .side('customer')

// @ts-expect-error they come before what uses them
further.tables(perCountry)
