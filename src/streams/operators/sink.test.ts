import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { mergeOf, order, orders } from '../fixtures/orders.ts'

const clock = () => new VirtualClock()
const values = ({ kafka }: Engine) => kafka.written.map(({ value }) => value)

describe('the sink', () => {
  it('begins each life by becoming the only producer, and commits outputs, checkpoint and offsets together', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2)])

    await time.until(engine.drain())

    assert.deepEqual(engine.kafka.calls, ['begin', 'committed'])
    assert.deepEqual(values(engine), [mergeOf(1)])
    assert.deepEqual([engine.kafka.lastEpoch, ...engine.kafka.offsetsOf('source')], [1, 3])
    assert.equal(engine.session.state.epochs.committed, 1)
  })

  it('goes forward by an epoch whose answer was lost and which has committed: its merges are there once', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.outcomes.push('answer lost')
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2)])
    await time.advance(60_000)

    engine.kafka.give(0, [order('B', 2)])
    await time.until(engine.drain())

    assert.deepEqual(engine.kafka.calls, ['begin', 'answer lost', 'stop', 'begin', 'committed'])
    assert.deepEqual(values(engine), [mergeOf(1), mergeOf(2)])
    assert.deepEqual([engine.kafka.lastEpoch, engine.session.state.epochs.committed], [2, 2])
    assert.equal(engine.services.statistics.rollbacks, 1)
  })

  it('goes back where an epoch has not committed, and all of it comes again', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.outcomes.push('aborted')
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2)])
    await time.advance(60_000)

    engine.kafka.give(0, [order('B', 2)])
    await time.until(engine.drain())

    assert.deepEqual(values(engine), [mergeOf(1), mergeOf(2)])
    assert.equal(engine.session.state.epochs.committed, engine.kafka.lastEpoch)
    assert.deepEqual(engine.kafka.offsetsOf('source'), [4])
  })

  it('has what it wrote counted by topic, once its epoch has committed', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)
    const { meters } = engine.services
    const recordsOf = (topic: string) => meters.written.find((each) => each.topic === topic)?.records
    engine.kafka.outcomes.push('aborted')
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2)])
    await time.advance(60_000)
    engine.kafka.give(0, [order('B', 2), 'no JSON'])
    await time.until(engine.drain())

    const [sink, deadLetters, checkpoint] = engine.services.topics.sinks.map(({ name }) => name)
    assert.deepEqual([recordsOf(sink!), recordsOf(deadLetters!)], [2, 1])
    assert.ok(recordsOf(checkpoint!)! > 0)
    assert.ok(meters.written.every(({ bytes, records }) => bytes > records))
  })

  it('ends the program where another process has gone on', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)
    engine.kafka.give(0, [order('A', 1)])
    await time.until(engine.drain())
    const manifest = JSON.parse(String(Buffer.from(engine.kafka.checkpoint.get('manifest')!)))
    engine.kafka.checkpoint.set('manifest', Buffer.from(JSON.stringify({ ...manifest, epoch: 9 })))

    engine.kafka.fail(fenced)
    const reason = await time.until(engine.system.done)

    assert.equal(reason.kind, 'crashed')
    assert.match(
      String(reason.kind === 'crashed' && causeOf(reason.error)),
      /checkpoint is at epoch 9, this process at epoch 1/,
    )
    assert.equal(engine.session.state.epochs.committed, 1)
  })

  it('passes on that a broker throttles', async () => {
    const time = clock()
    await using engine = await Engine.start(orders, time)

    engine.kafka.throttle(500)

    assert.deepEqual(engine.lines.map(([level]) => level).filter((level) => level === 'warn').length > 0, true)
  })
})

const fenced = new (class extends Error {
  readonly code = 'TRANSACTION_FENCED'
})('fenced') as unknown as Parameters<Engine['kafka']['fail']>[0]

function causeOf(error: unknown): unknown {
  let at = error
  while (at instanceof Error && at.cause !== undefined) at = at.cause
  return at
}
