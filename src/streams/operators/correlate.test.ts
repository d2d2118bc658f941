import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { mergeOf, order, orders } from '../fixtures/orders.ts'
import { isBalanced, accountsOf } from '../epochs/accounting.ts'
import { deadLetterSink, mergedSink, outputSinks } from '../topics/program-topics.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const accountsIn = ({ session: { state } }: Engine) =>
  accountsOf(state.accounting.committed(), state.pending.committedCounts)

describe('the correlation', () => {
  it('publishes a merge when the last part of its key has come, whatever partition the parts come from', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { partitions: 2 })
    engine.kafka.give(0, [order('B', 1), order('A', 2)], { timestampMs: 20 })
    await time.until(engine.drain())
    assert.equal(engine.kafka.written.length, 0)

    engine.kafka.give(1, [order('A', 1)], { timestampMs: 10 })
    await time.until(engine.drain())

    const [merged, ...others] = engine.kafka.written
    assert.deepEqual([merged!.sink, merged!.key, merged!.value, merged!.timestampMs], [mergedSink, '1', mergeOf(1), 20])
    assert.deepEqual(others, [])
    const [first, second] = accountsIn(engine)
    assert.deepEqual([first!.consumed, first!.pending, first!.emitted], [2, 1, 1])
    assert.deepEqual([second!.consumed, second!.pending, second!.emitted], [1, 0, 1])
  })

  it('makes dead letters of records that it cannot use, and counts each offset once', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.give(0, ['{', order('A', 1), order('A', 1), order('C', 1), '{"side":"A","part":1}'])

    await time.until(engine.drain())

    assert.deepEqual(
      engine.kafka.written.map(({ sink, value }) => [sink, value]),
      ['{', order('A', 1), order('C', 1), '{"side":"A","part":1}'].map((value) => [deadLetterSink, value]),
    )
    const [account] = accountsIn(engine)
    assert.deepEqual([account!.pending, account!.duplicate, account!.deadLettered], [1, 1, 3])
    assert.ok(isBalanced(account!))
  })

  it('closes an epoch when nothing more has come for epochIdleMs, and not before', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { epochIdleMs: 20, epochMs: 1_000 })
    engine.kafka.give(0, [order('A', 1)])
    await time.advance(10)
    engine.kafka.give(0, [order('A', 2)])
    await time.advance(19)
    assert.equal(engine.kafka.lastEpoch, 0)

    await time.advance(30)

    assert.deepEqual([engine.kafka.lastEpoch, ...engine.kafka.offsetsOf('source')], [1, 2])
  })

  it('takes in records for epochMs while a partition has more, and closes the epoch early when that is read', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { epochIdleMs: 20, epochMs: 1_000 })
    engine.kafka.responseRecordsMax = 1
    engine.kafka.give(0, [order('A', 1), order('A', 2)])
    await time.advance(500)
    assert.equal(engine.kafka.lastEpoch, 0)

    engine.kafka.give(0, [])
    await time.advance(30)

    assert.deepEqual([engine.kafka.lastEpoch, ...engine.kafka.offsetsOf('source')], [1, 2])
  })

  it('computes the next epoch while one is in flight, and closes it when that has committed', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { epochIdleMs: 20 })
    const released = Promise.withResolvers<void>()
    engine.kafka.held = released.promise
    engine.kafka.give(0, [order('A', 1)])
    await time.advance(50)
    engine.kafka.give(0, [order('B', 1), order('A', 2)])
    await time.advance(1_000)
    assert.deepEqual([engine.kafka.lastEpoch, engine.session.state.accounting.current.nextOffsets[0]], [0, 3])

    released.resolve()
    await time.advance(50)

    assert.deepEqual([engine.kafka.lastEpoch, ...engine.kafka.offsetsOf('source')], [2, 3])
    assert.deepEqual(
      engine.kafka.written.map(({ value }) => value),
      [mergeOf(1)],
    )
  })

  it('closes an epoch that a failed function has held open, though rows have expired meanwhile', async () => {
    const time = new VirtualClock()
    const failing = topology('orders')
      .source('source')
      .route('by-side', field('side'), {
        A: stage({ part: field('part') }),
        B: stage({ part: () => Promise.reject(new Error('never')) }),
      })
      .correlate('by-key', field('key'), { of: ['A', 'B'], expireAfterMs: 10_000 })
      .sink('sink')
    await using engine = await Engine.start(failing, time, { stageRetryFirstMs: 0, stageRetryMaxMs: 0 })
    engine.kafka.give(0, [order('A', 1)], { timestampMs: time.nowMs() - 60_000 })
    engine.kafka.give(0, [order('B', 2)], { timestampMs: time.nowMs() })

    await time.advance(5_000)

    const [account] = accountsIn(engine)
    assert.deepEqual([account!.expired, account!.deadLettered], [1, 1])
  })

  it('lets expired rows leave, with the sides that have come', async () => {
    const time = new VirtualClock()
    const expiring = topology('orders')
      .source('source')
      .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
      .correlate('by-key', field('key'), {
        of: ['A', 'B'],
        expireAfterMs: 10_000,
        expireBy: 'processingTime',
        expireTo: 'late',
      })
      .sink('sink')
    await using engine = await Engine.start(expiring, time)
    engine.kafka.give(0, [order('A', 1)], { timestampMs: time.nowMs() })
    await time.until(engine.drain())

    await time.advance(30_000)

    assert.deepEqual(
      engine.kafka.written.map(({ sink, value }) => [sink, value]),
      [[outputSinks(engine.services.plan).expired[0], '{"key":1,"A":"A"}']],
    )
    const [account] = accountsIn(engine)
    assert.deepEqual([account!.expired, account!.pending], [1, 0])
  })
})
