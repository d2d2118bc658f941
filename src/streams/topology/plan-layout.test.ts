import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { number, text } from '../../state/index.ts'
import { describePlan } from './describe-plan.ts'
import { field } from './field.ts'
import { recordKey } from './key.ts'
import type { Layout } from './layout.ts'
import { type Plan, planTopology, tellsTimes } from './plan.ts'
import { stage } from './stage.ts'
import { chainOf } from './subtopologies.ts'
import { table } from './table.ts'
import { type Topology, topology } from './topology.ts'
import { tumbling } from './windows.ts'

/** A program whose members share its work, with options of its correlation. */
function shared(layout: Layout, options: object = {}) {
  return topology('shop', { layout })
    .source('orders')
    .route('by-side', field('side'), { A: stage(), B: stage() })
    .correlate('by-id', field('id'), { of: ['A', 'B'], ...options })
}

describe('the layout of a topology', () => {
  it('is "single" by default, and told of where it is another one', () => {
    const single = planTopology(
      topology('shop')
        .source('orders')
        .side('A')
        .source('more')
        .side('B')
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink'),
    )
    const keyed = planTopology(shared('keyed').sink('sink'))

    assert.equal('layout' in describePlan(single), false)
    assert.equal(describePlan(keyed).layout, 'keyed')
    assert.equal(keyed.checkpointTopic, 'shop.tasks')
  })

  it('is refused where it is none', () => {
    assert.throws(() => topology('shop', { layout: 'many' as 'keyed' }), { code: 'TOPOLOGY_INVALID' })
  })

  it('has parts routed to the partition of their merge key by a subtopology before, where it is "routed"', () => {
    const program = topology('shop', { layout: 'routed', tasks: 8 })
      .source('orders', { recordsPerSecondMax: 10 })
      .filter('wanted', () => true)
      .side('A', stage({ part: field('part') }))
      .source('more', { topic: 'more-orders', timestamp: field('at') })
      .side('B')
      .correlate(
        'by-id',
        { A: field('id'), B: field('of') },
        { of: ['A', 'B'], expireAfterMs: 10, expireBy: 'processingTime' },
      )
      .filter('whole', () => true)
      .sink('sink')

    const [first, second] = chainOf(planTopology(program))

    assert.deepEqual(
      [first, second].map((plan) => [plan!.name, plan!.layout, plan!.tasks, plan!.checkpointTopic]),
      [
        ['shop', 'routed', 8, 'shop.tasks'],
        ['shop.by-id', 'keyed', undefined, 'shop.by-id.tasks'],
      ],
    )
    const topicsOf = (plan: Plan | undefined) =>
      [plan!.sources, plan!.sinks].map((each) => each.map(({ topic }) => topic))
    assert.deepEqual(topicsOf(first), [
      ['orders', 'more-orders'],
      ['shop.routed.orders', 'shop.routed.more'],
    ])
    assert.deepEqual(topicsOf(second), [['shop.routed.orders', 'shop.routed.more'], ['sink']])
    // Each of them is the concern of one of the two.
    const concernsOf = ({ sources, sides, steps, correlate }: Plan) => [
      sources[0]!.recordsPerSecondMax,
      sources[1]!.timestamp?.path,
      sources[0]!.steps.length,
      sides[0]!.part.kind,
      sides[1]!.key,
      correlate.keyName,
      steps.length,
      correlate.expiry?.afterMs,
    ]
    assert.deepEqual(concernsOf(first!), [10, ['at'], 1, 'field', field('of'), 'id', 0, undefined])
    assert.deepEqual(concernsOf(second!), [undefined, undefined, 0, 'record', recordKey('json'), 'id', 1, 10])
    assert.equal(describePlan(first!).tasks, 8)
  })

  it('has one topic for the parts of one source, and ids that may not meet', () => {
    const routed = shared('routed').sink('sink')
    const clash = shared('routed')
      .filter('orders-routed', () => true)
      .sink('sink')
    const twice = topology('shop', { layout: 'routed' })
      .source('orders')
      .filter('by-side', () => true)
      .route('by-side', field('side'), { A: stage(), B: stage() })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('sink')

    assert.deepEqual(
      routed.sinks.map(({ topic }) => topic),
      ['shop.routed'],
    )
    assert.throws(() => planTopology(clash), /two operators have the id "orders-routed"/)
    assert.throws(() => planTopology(twice), /two operators have the id "by-side"/)
  })

  it('is refused with tasks that are no number of partitions, or in another layout', () => {
    for (const tasks of [0, 1.5, Infinity]) {
      assert.throws(() => topology('shop', { layout: 'routed', tasks }), { code: 'TOPOLOGY_INVALID' })
    }
    assert.throws(() => topology('shop', { layout: 'keyed', tasks: 3 }), { code: 'TOPOLOGY_INVALID' })
  })

  it('lets rows expire by either time, have optional sides, and have completed keys remembered where it merges', () => {
    const options = { expireAfterMs: 1_000, expireBy: 'processingTime', optional: { sides: ['B'], withinMs: 10 } }
    const remembering = { rememberCompleted: { forMs: 1_000 } }
    const halvesOf = (more: object) => chainOf(planTopology(shared('routed', more).sink('sink')))

    for (const each of [options, { expireAfterMs: 1_000 }, remembering]) {
      assert.doesNotThrow(() => planTopology(shared('keyed', each).sink('sink')))
      assert.equal(tellsTimes(halvesOf(each)[0]!), each !== options)
    }
    assert.deepEqual(
      halvesOf(remembering).map(({ correlate }) => correlate.memory?.forMs),
      [undefined, 1_000],
    )
  })

  const counts = table('counts', { key: text, value: number })
  const refused = (layout: Layout): Record<string, () => Topology> => ({
    'a table that functions change': () =>
      topology('shop', { layout })
        .tables(counts)
        .source('orders')
        .side('A')
        .source('more')
        .side('B')
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink'),
    windows: () =>
      topology('shop', { layout })
        .source('orders')
        .groupBy('by-id', field('id'))
        .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
        .count()
        .sink('sink'),
    'a second correlation': () =>
      shared(layout)
        .into('merged')
        .source('more')
        .side('C')
        .correlate('again', { merged: field('id'), C: field('id') }, { of: ['merged', 'C'] })
        .sink('sink'),
  })
  for (const layout of ['keyed', 'routed'] as const) {
    for (const [what, declared] of Object.entries(refused(layout))) {
      it(`"${layout}" is refused with ${what}, with the reason`, () => {
        assert.throws(
          () => planTopology(declared()),
          (error: Error & { code: string }) => {
            assert.equal(error.code, 'TOPOLOGY_INVALID')
            assert.match(error.message, new RegExp(`in the layout "${layout}": `))
            return true
          },
        )
      })
    }
  }
})
