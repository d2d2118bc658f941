import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { accountsOf } from '../epochs/accounting.ts'
import { Engine } from '../in-memory/engine.ts'
import { mergeOf, order } from '../fixtures/orders.ts'
import { mergedSink } from '../topics/program-topics.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

type Order = { readonly key: number; readonly part: string }

/** A program whose side A is made by a function. */
function making(part: (value: Order) => unknown) {
  return topology('orders')
    .source('source')
    .route('by-side', field('side'), {
      A: stage({ part: (value) => part(value as Order) }),
      B: stage({ part: field('part') }),
    })
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink')
}

describe('a stage', () => {
  it('makes parts by its function, also by promises that settle in any order, in the order of the records', async () => {
    const time = new VirtualClock()
    const slow = Promise.withResolvers<string>()
    const program = making(({ key, part }) => (key === 1 ? slow.promise : { made: part }))
    await using engine = await Engine.start(program, time)
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2), order('B', 2)])
    await time.advance(1_000)
    assert.equal(engine.kafka.written.length, 0)

    slow.resolve('late')
    await time.until(engine.drain())

    assert.deepEqual(
      engine.kafka.written.map(({ sink, value }) => [sink, value]),
      [
        [mergedSink, mergeOf(1, 'late')],
        [mergedSink, mergeOf(2, { made: 'A' })],
      ],
    )
  })

  it('filters the records of which its function makes nothing', async () => {
    const time = new VirtualClock()
    const program = making(({ key, part }) => (key === 1 ? undefined : part))
    await using engine = await Engine.start(program, time)
    engine.kafka.give(0, [order('A', 1), order('A', 2), order('B', 2)])

    await time.until(engine.drain())

    assert.deepEqual(
      engine.kafka.written.map(({ value }) => value),
      [mergeOf(2)],
    )
    const { accounting, pending } = engine.session.state
    const [account] = accountsOf(accounting.committed(), pending.committedCounts)
    assert.deepEqual([account!.filtered, account!.emitted, account!.pending], [1, 2, 0])
  })
})
