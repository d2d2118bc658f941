import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { order } from '../fixtures/orders.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

class CountingClock extends VirtualClock {
  timersSet = 0

  override setTimer(...[options, callback]: Parameters<VirtualClock['setTimer']>) {
    this.timersSet++
    return super.setTimer(options, callback)
  }
}

describe('EpochTimer', () => {
  it('does not look again and again while rows wait for a function, and looks when they have come', async () => {
    const clock = new CountingClock()
    const slow = stage<{ part: string }, string>({
      part: async ({ part }) => {
        await sleep(clock, 2_000)
        return part
      },
    })
    const program = topology('orders')
      .source('source')
      .route('by-side', field('side'), { A: slow, B: stage({ part: field('part') }) })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using engine = await Engine.start(program, clock, { epochMs: 60_000, epochIdleMs: 100 })

    engine.kafka.give(0, [order('B', 1, 'b')])
    await clock.advance(1)
    engine.kafka.give(0, [order('A', 1, 'a')])
    await clock.advance(1)
    const before = clock.timersSet
    await clock.advance(1_900)
    const setMeanwhile = clock.timersSet - before
    await clock.advance(400)

    assert.ok(setMeanwhile < 20, `${setMeanwhile} timers were set in 1,900 ms`)
    assert.deepEqual(
      engine.kafka.written.map(({ value }) => String(value)),
      ['{"key":1,"A":"a","B":"b"}'],
    )
    assert.ok(engine.kafka.isAllCommitted)
  })

  it('has an epoch end that is in doubt where rows wait for its end, as where nothing more comes', async () => {
    const clock = new VirtualClock()
    const program = topology('orders')
      .source('source')
      .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
      .correlate('by-key', field('key'), { of: ['A', 'B'], whenFull: 'promote' })
      .filter('good', ({ A }) => A !== 'bad' || assert.fail('it is bad'))
      .sink('sink')
    await using engine = await Engine.start(program, clock)
    engine.kafka.give(0, [order('A', 1, 'a')])
    await clock.advance(0)
    await clock.until(engine.drain())
    engine.session.state.cold!.moveOut(Infinity)

    // The last of them waits for a part that comes back between epochs only.
    engine.kafka.give(0, [order('A', 2, 'bad'), order('B', 2, 'bad'), order('B', 1, 'b')])
    await clock.advance(3_000)

    assert.deepEqual(
      engine.kafka.written.filter(({ sink }) => sink === 0).map(({ value }) => String(value)),
      ['{"key":1,"A":"a","B":"b"}'],
    )
    assert.ok(engine.kafka.isAllCommitted)
  })
})
