import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { needsHeaders } from './promotable-part.ts'

describe('promoted records', () => {
  it('keep their headers where a sink carries traces on', () => {
    const traced = orders.sinks.map((sink) => ({ ...sink, traceContext: true }))

    assert.equal(needsHeaders({ plan: planTopology(orders) }), false)
    assert.equal(needsHeaders({ plan: planTopology({ ...orders, sinks: traced }) }), true)
  })
})
