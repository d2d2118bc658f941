import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { number, text } from '../../state/index.ts'
import { describePlan } from './describe-plan.ts'
import { field } from './field.ts'
import { planTopology } from './plan.ts'
import { stage } from './stage.ts'
import { table } from './table.ts'
import { topology } from './topology.ts'
import { tumbling } from './windows.ts'

/** A keyed program, with options of its correlation. */
function keyed(options: object = {}) {
  return topology('shop', { layout: 'keyed' })
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
    const shared = planTopology(keyed().sink('sink'))

    assert.equal('layout' in describePlan(single), false)
    assert.equal(describePlan(shared).layout, 'keyed')
    assert.equal(shared.checkpointTopic, 'shop.tasks')
  })

  it('is refused where it is none', () => {
    assert.throws(() => topology('shop', { layout: 'many' as 'keyed' }), { code: 'TOPOLOGY_INVALID' })
  })

  it('lets rows expire by the time of day, and have optional sides', () => {
    const options = { expireAfterMs: 1_000, expireBy: 'processingTime', optional: { sides: ['B'], withinMs: 10 } }

    assert.doesNotThrow(() => planTopology(keyed(options).sink('sink')))
  })

  const counts = table('counts', { key: text, value: number })
  const refused = {
    'a table that functions change': () =>
      topology('shop', { layout: 'keyed' })
        .tables(counts)
        .source('orders')
        .side('A')
        .source('more')
        .side('B')
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink'),
    windows: () =>
      topology('shop', { layout: 'keyed' })
        .source('orders')
        .groupBy('by-id', field('id'))
        .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
        .count()
        .sink('sink'),
    'a second correlation': () =>
      keyed()
        .into('merged')
        .source('more')
        .side('C')
        .correlate('again', { merged: field('id'), C: field('id') }, { of: ['merged', 'C'] })
        .sink('sink'),
    'remembered keys': () => keyed({ rememberCompleted: { forMs: 1_000 } }).sink('sink'),
    'expiry by event time': () => keyed({ expireAfterMs: 1_000 }).sink('sink'),
    'a flatMap': () =>
      topology('shop', { layout: 'keyed' })
        .source('orders')
        .flatMap('split', (value) => [value])
        .route('by-side', field('side'), { A: stage(), B: stage() })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink'),
  }
  for (const [what, declared] of Object.entries(refused)) {
    it(`"keyed" is refused with ${what}, with the reason`, () => {
      assert.throws(
        () => planTopology(declared()),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'TOPOLOGY_INVALID')
          assert.match(error.message, /in the layout "keyed": /)
          return true
        },
      )
    })
  }
})
