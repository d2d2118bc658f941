import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TopologyError } from '../../core/errors.ts'
import { number, text } from '../../state/index.ts'
import { field } from '../topology/field.ts'
import { header } from '../topology/key.ts'
import { onWorkers } from '../topology/on-workers.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { table } from '../topology/table.ts'
import { topology, type Topology } from '../topology/topology.ts'
import { tumbling } from '../topology/windows.ts'
import * as functions from '../workers/fixtures/functions.ts'
import { areReadInShards, refuseUnfit, shardCountOf, type ShardWishes } from './fit.ts'

const key = field('key')
const side = field('side')
const part = stage({ part: field('part') })
const stages = { A: part, B: part }
const made = stage({ part: () => 1 })
const of = ['A', 'B'] as const
const orders = topology('orders')
const source = orders.source('source')
const routed = source.route('by-side', side, stages)
const correlated = routed.correlate('by-key', key, { of })
const remembering = routed.correlate('by-key', key, { of, rememberCompleted: { forMs: 1_000 } })
const plain = correlated.sink('sink')
const chain = correlated
  .into('M')
  .source('others')
  .side('C')
  .correlate('again', key, { of: ['M', 'C'] })
  .sink('sink')
const onThreads = stage({
  part: onWorkers(functions.onThread, new URL('../workers/fixtures/functions.ts', import.meta.url)),
})

const unfit: readonly (readonly [reason: string, program: Topology])[] = [
  [
    'the layout is "keyed"',
    topology('orders', { layout: 'keyed' })
      .source('source')
      .route('by-side', side, stages)
      .correlate('by-key', key, { of })
      .sink('sink'),
  ],
  [
    '"by-key" has windows',
    source
      .groupBy('by-key', key)
      .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
      .count()
      .sink('sink'),
  ],
  ['"by-key" has whenFull: "promote"', routed.correlate('by-key', key, { of, whenFull: 'promote' }).sink('sink')],
  [
    '"again" has whenFull: "promote"',
    correlated
      .into('M')
      .source('others')
      .side('C')
      .correlate('again', key, { of: ['M', 'C'], whenFull: 'promote' })
      .sink('sink'),
  ],
]

/** Programs whose records shards do not read themselves, by what has to see these before. */
const handed: Readonly<Record<string, Topology>> = {
  'a filter': source
    .filter('seldom', () => true)
    .route('by-side', side, stages)
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a flatMap': source
    .flatMap('twice', (value) => [value, value], { partsMax: 2 })
    .route('by-side', side, stages)
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a decoder': orders
    .source('source', { decode: (bytes) => String(bytes) })
    .route('by-side', side, stages)
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a route by a function': source
    .route('by-side', () => 'A', stages)
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a route by a header': source.route('by-side', header('side'), stages).correlate('by-key', key, { of }).sink('sink'),
  'a field with the timestamp': orders
    .source('source', { timestamp: field('at') })
    .route('by-side', side, stages)
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a stage with a function': source
    .route('by-side', side, { A: made, B: part })
    .correlate('by-key', key, { of })
    .sink('sink'),
  'a key that a function makes': routed
    .correlate('by-key', { A: () => 1, B: key }, { of, keyName: 'key' })
    .sink('sink'),
  'a list whose length a part tells': routed
    .correlate('by-key', key, { of, collect: { B: { count: { side: 'A', field: field('n') } } } })
    .sink('sink'),
  'functions with a table': orders
    .tables(table('seen', { key: text, value: number }))
    .source('source')
    .route('by-side', side, { A: made, B: part })
    .correlate('by-key', key, { of })
    .sink('sink'),
}

function wishes(program: Topology, options: Partial<ShardWishes['options']> = {}): ShardWishes {
  return {
    plan: planTopology(program),
    options: { workers: 2, shards: undefined, standbyRefreshMs: 0, ...options },
  }
}

function unfitBy(...reasons: readonly string[]) {
  return (error: unknown) =>
    TopologyError.is(error) &&
    error.code === 'WORKERS_UNFIT' &&
    reasons.every((reason) => error.message.includes(reason) && String(error.details['reasons']).includes(reason))
}

describe('B17 a program that is to be in shards', () => {
  it('is taken where it correlates fields, and has as many as workers', () => {
    refuseUnfit(wishes(plain))
    assert.equal(shardCountOf(wishes(plain)), 2)
    assert.equal(shardCountOf(wishes(plain, { workers: 0 })), 0)
  })

  for (const [reason, program] of unfit) {
    it(`is refused where ${reason}, and not without workers`, () => {
      assert.throws(() => refuseUnfit(wishes(program)), unfitBy(reason))
      refuseUnfit(wishes(program, { workers: 0 }))
    })
  }

  it('is told all that is in the way at once, with its options', () => {
    const program = routed.correlate('by-key', key, { of, whenFull: 'promote' }).sink('sink')
    const reasons = ['"by-key" has whenFull: "promote"', 'standbyRefreshMs']
    assert.throws(() => refuseUnfit(wishes(program, { standbyRefreshMs: 1_000 })), unfitBy(...reasons))
  })

  it('has none where its workers are for functions, unless it is told how many', () => {
    const program = source
      .route('by-side', side, { A: onThreads, B: part })
      .correlate('by-key', key, { of })
      .sink('sink')
    assert.equal(shardCountOf(wishes(program)), 0)
    assert.equal(shardCountOf(wishes(program, { shards: 3 })), 3)
    assert.equal(shardCountOf(wishes(plain, { shards: 0 })), 0)
    refuseUnfit(wishes(program))
  })

  it('may have functions after the merge, several sinks, and sinks that make something of records', () => {
    refuseUnfit(wishes(correlated.map('made', (value) => value).sink('sink', { key: 'none', traceContext: true })))
    refuseUnfit(wishes(remembering.filter('whole', () => true).sink('sink', { traceContext: true })))
    refuseUnfit(wishes(correlated.branch('which', () => 'one', { one: {}, other: {} })))
  })

  it('is read by its shards where fields say all, and no part is promoted as it comes', () => {
    const read = planTopology(plain)
    assert.equal(areReadInShards(read, [false]), true)
    assert.equal(areReadInShards(read, [true]), false)
    assert.equal(areReadInShards(planTopology(chain), [false]), true)
    assert.equal(areReadInShards(planTopology(chain).next!, [false, false]), false)
  })

  for (const [what, program] of Object.entries(handed)) {
    it(`gives its shards rows where there is ${what}`, () => {
      refuseUnfit(wishes(program))
      assert.equal(areReadInShards(planTopology(program), [false]), false)
    })
  }
})
