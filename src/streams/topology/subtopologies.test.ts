import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field } from './field.ts'
import { planTopology } from './plan.ts'
import { chainOf } from './subtopologies.ts'
import { topology, type Topology } from './topology.ts'

/** What a test chooses; all else is so that it goes. */
interface Names {
  readonly side?: string
  readonly second?: string
  readonly customers?: string
  readonly customersTopic?: string
  readonly expireTo?: string
  readonly sink?: string
  readonly traceContext?: boolean
}

/** Two correlations, by orders and by customers. */
function twoOf({
  side = 'paid',
  second = 'by-customer',
  customers = 'customers',
  customersTopic = customers,
  expireTo,
  sink = 'out',
  traceContext = false,
}: Names = {}): Topology {
  return topology('shop')
    .source('orders')
    .side('order')
    .source('payments')
    .side('payment')
    .correlate('by-order', field('id'), {
      of: ['order', 'payment'],
      ...(expireTo !== undefined && { expireAfterMs: 1, expireTo }),
    })
    .into(side)
    .source(customers, { topic: customersTopic })
    .side('customer')
    .correlate(second, field('customerId'), { of: [side, 'customer'] })
    .sink(sink, { traceContext })
}

describe('a topology with several correlations', () => {
  it('is a chain of subtopologies, of which the first has its name', () => {
    const [first, second] = chainOf(planTopology(twoOf()))

    assert.deepEqual([first!.name, second!.name], ['shop', 'shop.by-customer'])
    assert.equal(first!.checkpointTopic, 'shop.checkpoint')
    assert.deepEqual(
      first!.sinks.map(({ topic }) => topic),
      ['shop.paid'],
    )
    assert.deepEqual(
      second!.sources.map(({ topic, isInternal, sides }) => [topic, isInternal, sides]),
      [
        ['shop.paid', true, [0]],
        ['customers', false, [1]],
      ],
    )
    assert.deepEqual(
      second!.sinks.map(({ topic }) => topic),
      ['out'],
    )
  })

  it('may have three of them', () => {
    const three = topology('shop')
      .source('orders')
      .side('order')
      .source('payments')
      .side('payment')
      .correlate('by-order', field('id'), { of: ['order', 'payment'] })
      .into('paid')
      .source('customers')
      .side('customer')
      .correlate('by-customer', field('customerId'), { of: ['paid', 'customer'] })
      .filter('not-empty', () => true)
      .into('known')
      .source('regions')
      .side('region')
      .correlate('by-region', field('regionId'), { of: ['known', 'region'] })
      .sink('out')

    const chain = chainOf(planTopology(three))

    assert.deepEqual(
      chain.map(({ name, sources }) => [name, sources[0]!.topic]),
      [
        ['shop', 'orders'],
        ['shop.by-customer', 'shop.paid'],
        ['shop.by-region', 'shop.by-customer.known'],
      ],
    )
  })

  it('carries traces through all of them where the last sink asks for it', () => {
    const traced = twoOf({ traceContext: true })

    assert.deepEqual(
      chainOf(planTopology(traced)).map(({ sinks }) => sinks[0]!.traceContext),
      [true, true],
    )
  })

  it('may read one topic in two of them, each as its own group', () => {
    const [, second] = chainOf(planTopology(twoOf({ customersTopic: 'orders' })))

    assert.deepEqual(
      second!.sources.map(({ topic }) => topic),
      ['shop.paid', 'orders'],
    )
  })

  for (const [fault, names, says] of [
    ['two correlations of one id', { second: 'by-order' }, /two operators have the id "by-order"/],
    ['operators of one id in two of them', { customers: 'orders' }, /two operators have the id "orders"/],
    ['a side that names the operators of another source', { side: 'orders' }, /two operators have the id "orders"/],
    ['a name that Kafka does not take', { second: 'by customer' }, /the name "shop.by customer" may only have letters/],
    ['a side that Kafka does not take', { side: 'paid orders' }, /the name "shop.paid orders" may only have letters/],
    ['a sink that the first one reads', { sink: 'orders-2', customersTopic: 'orders-2' }, /is source and sink, which/],
    [
      'what the second one writes as a source of the first one',
      { sink: 'payments-2', customersTopic: 'payments-2' },
      /topic "payments-2" is source and sink, which is a cycle/,
    ],
    [
      'the internal topic as a source',
      { customersTopic: 'shop.paid' },
      /topic "shop.paid" is internal topic and source, which is a cycle/,
    ],
    ['the internal topic as the sink', { sink: 'shop.paid' }, /topic "shop.paid" is internal topic and sink, and each/],
    [
      'the internal topic where another topic is its own',
      { side: 'checkpoint' },
      /topic "shop.checkpoint" is internal topic and checkpoint topic of "shop", and each/,
    ],
    ['one topic for what expires and for what is merged', { expireTo: 'out' }, /topic "out" is expireTo and sink/],
  ] as const) {
    it(`is refused with ${fault}`, () => {
      assert.throws(() => planTopology(twoOf(names)), { code: 'TOPOLOGY_INVALID', message: says })
    })
  }
})
