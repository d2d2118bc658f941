/** A program of three topics, with a key in another place of each, functions, an optional side, expiry and a deduplication window. */
import { field, header, recordKey, stage, topology } from '../../src/streams/index.ts'
import { expireAfterMs, type ComputedPart } from './varied-source.ts'
import { type Payment, sourcesOf } from './three-topics-source.ts'

const { BENCH_APP, BENCH_SOURCE, BENCH_SINK } = process.env as Record<string, string>
const [orders, payments, shipments] = sourcesOf(BENCH_SOURCE!)

let madeCount = 0

export default topology(BENCH_APP!)
  .source(orders)
  .side('order')
  .source(payments)
  .side(
    'payment',
    stage({
      part: ({ of }: Payment, { topic, partition, offset }): ComputedPart => ({
        of,
        from: `${topic}/${partition}/${offset}`,
        by: process.pid,
        number: madeCount++,
      }),
      deterministic: false,
    }),
  )
  .source(shipments)
  .route('by-kind', field('kind'), {
    shipment: stage({ part: field('part') }),
    invoice: stage({ part: field('part') }),
  })
  .correlate(
    'by-order',
    {
      order: field('order.id'),
      payment: header('order'),
      shipment: recordKey(),
      invoice: field('ref').asString(),
    },
    {
      of: ['order', 'payment', 'shipment', 'invoice'],
      keyName: 'orderId',
      optional: { sides: ['invoice'], withinMs: 40 },
      expireAfterMs,
      rememberCompleted: { forMs: 86_400_000 },
    },
  )
  .sink(BENCH_SINK!)
