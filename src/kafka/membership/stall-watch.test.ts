import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { LoopSigns, LoopView } from './loop-signs.ts'
import { StallWatch, startTicking } from './stall-watch.ts'

describe('StallWatch', () => {
  it('does not mind a loop that turns', async (t) => {
    const { clock, stalls } = start(t)

    await clock.advance(60_000)

    assert.equal(stalls(), 0)
  })

  it('tells once that the loop has stood still for as long as it may', async (t) => {
    const { clock, ticking, stalls } = start(t)
    await clock.advance(60_000)
    ticking.cancel()

    await clock.advance(1_900)
    assert.equal(stalls(), 0)
    await clock.advance(400)
    assert.equal(stalls(), 1)
    await clock.advance(60_000)
    assert.equal(stalls(), 1)
  })

  it('forgives a loop that turns again', async (t) => {
    const { clock, signs, ticking, stalls } = start(t)
    ticking.cancel()

    for (let i = 0; i < 5; i++) {
      await clock.advance(1_500)
      signs.tick()
    }

    assert.equal(stalls(), 0)
  })

  it('tells early that the loop stands still, and each time anew', async (t) => {
    const { clock, signs, ticking, events } = start(t, { maxStallMs: 30_000 })
    await clock.advance(10_000)
    ticking.cancel()

    await clock.advance(4_000)
    assert.deepEqual(events, [])
    await clock.advance(2_000)
    signs.tick()
    await clock.advance(7_000)

    assert.deepEqual(events, ['still for 5000 ms', 'still for 5000 ms'])
  })

  it('gives a loop up that does not turn for longer', async (t) => {
    const { clock, ticking, events } = start(t, { maxStallMs: 30_000, exitMs: 20_000 })
    ticking.cancel()

    await clock.advance(32_000)
    assert.deepEqual(events, ['still for 5000 ms', 'stalled'])
    await clock.advance(18_000)
    assert.deepEqual(events.slice(2), [])
    await clock.advance(2_000)
    assert.deepEqual(events.slice(2), ['given up'])
  })
})

function start(t: TestContext, { maxStallMs = 2_000, exitMs = Infinity } = {}) {
  const clock = new VirtualClock()
  const signs = new LoopSigns()
  const events: string[] = []
  const watch = new StallWatch({
    clock,
    loop: new LoopView(signs.memory),
    maxStallMs,
    exitMs,
    onStill: (stillMs) => events.push(`still for ${stillMs} ms`),
    onStalled: () => events.push('stalled'),
    onGivenUp: () => events.push('given up'),
    onTurning() {},
  })
  const ticking = startTicking(clock, signs, maxStallMs)
  watch.start()
  t.after(() => {
    watch.stop()
    ticking.cancel()
  })
  return { clock, signs, ticking, events, stalls: () => events.filter((event) => event === 'stalled').length }
}
