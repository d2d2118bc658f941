import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { topicOf } from '../in-memory/memory-kafka.ts'
import { mergeOf, order, orders, ordersWith } from '../fixtures/orders.ts'

const merges = ({ kafka }: Engine) => kafka.written.map(({ value }) => value)

describe('the source', () => {
  it('reads on from the last committed epoch after a crash, and gives on nothing that was read before', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.give(0, [order('A', 1), order('A', 2)])
    await time.until(engine.drain())
    engine.kafka.give(0, [order('B', 1)])
    engine.kafka.fail(lost)
    await time.advance(10_000)

    engine.kafka.give(0, [order('B', 2)])
    await time.until(engine.drain())

    assert.deepEqual(merges(engine), [mergeOf(1), mergeOf(2)])
    assert.deepEqual(engine.kafka.offsetsOf('source'), [4])
    assert.equal(engine.session.lives.incarnation, 2)
  })

  it('does not hold up a restart where the epoch fails in which expired rows leave before anything is read', async () => {
    const time = new VirtualClock()
    const expiring = ordersWith({ expireAfterMs: 60_000, expireBy: 'processingTime' })
    const before = await Engine.start(expiring, time)
    before.kafka.give(0, [order('A', 1)], { timestampMs: time.nowMs() })
    await time.until(before.drain())
    await time.until(before[Symbol.asyncDispose]())
    await time.advance(70_000)
    before.kafka.outcomes.push('aborted', 'aborted')
    const dueMs = time.monotonicMs() + 5_000

    await using engine = await time.until(Engine.resume(before, expiring, time))
    engine.kafka.give(0, [order('A', 2), order('B', 2)], { timestampMs: time.nowMs() })
    await time.advance(dueMs - time.monotonicMs())

    assert.deepEqual(merges(engine), ['{"key":1,"A":"A"}', mergeOf(2)])
    assert.equal(time.monotonicMs(), dueMs)
  })

  it('gives on batches of a partition in the order of their offsets, more of them than there is room for at a time', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    const count = 12_000
    engine.kafka.give(
      0,
      Array.from({ length: count }, (_, key) => order('A', key)),
    )
    engine.kafka.give(
      0,
      Array.from({ length: count }, (_, key) => order('B', key)),
    )

    await time.until(engine.drain())

    assert.equal(new Set(merges(engine)).size, count)
  })

  it('takes in partitions that it was given, once all that it has read is committed', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { sourceRefreshMs: 1_000 })
    engine.kafka.give(0, [order('A', 1)])
    await time.advance(100)

    engine.kafka.sources[0] = topicOf('source', 2)
    await time.advance(2_000)
    engine.kafka.give(1, [order('B', 1)])
    await time.until(engine.drain())

    assert.deepEqual(merges(engine), [mergeOf(1)])
    assert.deepEqual(engine.kafka.offsetsOf('source'), [1, 1])
    assert.equal(engine.session.sources.topics[0]!.partitions.length, 2)
  })

  it('tells once of each growth of a sink, over its restarts', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time, { sourceRefreshMs: 1_000 })
    const tellings = () => engine.lines.filter(([, sentence]) => sentence.startsWith('a sink was given partitions'))
    await time.advance(2_000)
    assert.deepEqual(tellings(), [])

    for (const [partitions, told] of [
      [2, 1],
      [5, 2],
    ] as const) {
      engine.kafka.sinks[0] = topicOf('sink', partitions)
      await time.advance(3_000)
      engine.kafka.fail(lost)
      await time.advance(10_000)
      assert.deepEqual(
        tellings().map(([level]) => level),
        Array(told).fill('warn'),
      )
    }
    assert.equal(engine.session.lives.incarnation, 3)
  })
})

const lost = new Error('connection lost') as unknown as Parameters<Engine['kafka']['fail']>[0]
