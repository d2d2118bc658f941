import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
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
    const { clock, ticks, ticking, stalls } = start(t)
    ticking.cancel()

    for (let i = 0; i < 5; i++) {
      await clock.advance(1_500)
      Atomics.add(ticks, 0, 1)
    }

    assert.equal(stalls(), 0)
  })
})

function start(t: TestContext) {
  const clock = new VirtualClock()
  const ticks = new Int32Array(new SharedArrayBuffer(4))
  let stalls = 0
  const watch = new StallWatch({ clock, ticks, maxStallMs: 2_000, onStalled: () => stalls++ })
  const ticking = startTicking(clock, ticks, 2_000)
  watch.start()
  t.after(() => {
    watch.stop()
    ticking.cancel()
  })
  return { clock, ticks, ticking, stalls: () => stalls }
}
