import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { mergeOf, order, orders } from '../fixtures/orders.ts'
import { deadLetterSink, mergedSink } from '../topics/program-topics.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

/** Values by their sink, merged records first. */
const writtenBy = ({ kafka }: Engine) =>
  kafka.written.map(({ sink, value }) => [sink, value] as const).sort(([a], [b]) => a - b)

/** A program whose route is a function. */
function routedBy(choose: (value: { readonly side: string }) => string) {
  return topology('orders')
    .source('source')
    .route('by-side', (value) => choose(value as { side: string }), {
      A: stage({ part: field('part') }),
      B: stage({ part: field('part') }),
    })
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink')
}

describe('the route', () => {
  it('gives records their side by a field, and those of no side to the dead letters', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.give(0, [order('A', 1), order('X', 1), order('B', 1)])

    await time.until(engine.drain())

    assert.deepEqual(writtenBy(engine), [
      [mergedSink, mergeOf(1)],
      [deadLetterSink, order('X', 1)],
    ])
  })

  it('makes a dead letter of a record on which its function throws, which it does once', async () => {
    const time = new VirtualClock()
    const asked: string[] = []
    const program = routedBy(({ side }) => {
      asked.push(side)
      if (side === 'x') throw new Error('no side')
      return side
    })
    await using engine = await Engine.start(program, time)
    engine.kafka.give(0, [order('x', 1), order('A', 1), order('B', 1)])

    await time.until(engine.drain())

    assert.deepEqual(asked, ['x', 'A', 'B'])
    assert.deepEqual(writtenBy(engine), [
      [mergedSink, mergeOf(1)],
      [deadLetterSink, order('x', 1)],
    ])
  })
})
