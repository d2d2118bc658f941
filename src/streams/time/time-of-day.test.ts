import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { TimeOfDay } from './time-of-day.ts'

const brokerMs = 1_790_000_000_000
const minute = 60_000

/** A clock whose wall time can be set. */
class SetClock extends VirtualClock {
  skewMs: number

  constructor(skewMs = 0) {
    super({ startMs: brokerMs })
    this.skewMs = skewMs
  }

  override nowMs(): number {
    return super.nowMs() + this.skewMs
  }
}

/** The time of day where the broker's clock is right, and what was logged. */
function timeOfDay(clock: SetClock, { isTold = true } = {}) {
  const logged: [level: string, facts: { code?: string; skewMs?: number }][] = []
  const log = (level: string) => (facts: object) => logged.push([level, facts])
  const time = new TimeOfDay({
    app: 'app',
    clock,
    skewMaxMs: minute,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    ask: async () => (isTold ? brokerMs + clock.monotonicMs() : undefined),
  })
  return { time, logged }
}

describe('the time of day', () => {
  it("is the broker's, and goes on by the monotonic clock", async () => {
    const clock = new SetClock(-120 * minute)
    const { time } = timeOfDay(clock)

    await time.ask()
    await clock.advance(5 * minute + 0.5)

    assert.equal(time.nowMs(), brokerMs + 5 * minute)
    clock.skewMs = 0
    assert.equal(time.nowMs(), brokerMs + 5 * minute)
  })

  it('is asked for at the start, after ten minutes, and when the clock was set or stood still', async () => {
    const clock = new SetClock()
    const { time } = timeOfDay(clock)
    assert.equal(time.isDue, true)

    await time.ask()
    assert.equal(time.isDue, false)
    await clock.advance(9 * minute)
    assert.equal(time.isDue, false)
    await clock.advance(minute)
    assert.equal(time.isDue, true)

    for (const skewMs of [minute, 0]) {
      await time.ask()
      assert.equal(time.isDue, false)
      clock.skewMs = skewMs
      assert.equal(time.isDue, true)
    }
  })

  it('warns once where the clock of this machine is off by more than it may be, and tells when it is right again', async () => {
    const clock = new SetClock(-minute)
    const { time, logged } = timeOfDay(clock)
    await time.ask()
    assert.equal(logged.length, 0)

    for (const skewMs of [-minute - 1, -5 * minute, 0, 0]) {
      clock.skewMs = skewMs
      await time.ask()
    }

    assert.deepEqual(
      logged.map(([level, { code, skewMs }]) => [level, code, skewMs]),
      [
        ['warn', 'CLOCK_SKEWED', -minute - 1],
        ['info', undefined, 0],
      ],
    )
  })

  it('is that of this machine where the broker does not tell, which is said once', async () => {
    const clock = new SetClock(-minute)
    const { time, logged } = timeOfDay(clock, { isTold: false })

    await time.ask()

    assert.equal(time.isDue, false)
    assert.equal(time.nowMs(), brokerMs - minute)
    assert.deepEqual(
      logged.map(([level]) => level),
      ['warn'],
    )
  })
})
