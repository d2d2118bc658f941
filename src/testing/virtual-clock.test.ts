import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../core/clock.ts'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new VirtualClock({ startMs: 1_000 })

    assert.deepEqual([clock.nowMs(), clock.monotonicMs()], [1_000, 0])
    await clock.advance(250)
    assert.deepEqual([clock.nowMs(), clock.monotonicMs()], [1_250, 250])
  })

  it('fires timers at their times, those of one time in the order in which they were set', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const set = (name: string, afterMs: number) =>
      clock.setTimer({ afterMs }, () => fired.push(`${name} at ${clock.monotonicMs()}`))
    set('late', 30)
    set('early', 10)
    set('early too', 10)
    set('beyond', 31)

    await clock.advance(30)

    assert.deepEqual(fired, ['early at 10', 'early too at 10', 'late at 30'])
    assert.equal(clock.pendingTimers, 1)
  })

  it('fires timers that are set on the way, by callbacks and after promises', async () => {
    const clock = new VirtualClock()
    const wakings: number[] = []
    const sleeper = async () => {
      for (let nap = 0; nap < 3; nap++) {
        await sleep(clock, 10)
        wakings.push(clock.monotonicMs())
      }
    }

    const slept = sleeper()
    await clock.advance(30)
    await slept

    assert.deepEqual(wakings, [10, 20, 30])
  })

  it('moves on for as long as a promise is pending, and no further', async () => {
    const clock = new VirtualClock()
    clock.setTimer({ afterMs: 1_000 }, () => assert.fail('time went too far'))
    const nap = async () => {
      await sleep(clock, 10)
      await sleep(clock, 20)
      return 'rested'
    }

    assert.equal(await clock.until(nap()), 'rested')
    await assert.rejects(clock.until(Promise.reject(new Error('fault'))), /fault/)
    assert.equal(clock.monotonicMs(), 30)
  })

  it('does not fire a timer that was cancelled', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const timer = clock.setTimer({ afterMs: 10 }, () => fired.push('cancelled'))
    clock.setTimer({ afterMs: 10 }, () => fired.push('kept'))

    timer.cancel()
    timer.cancel()
    await clock.advance(10)

    assert.deepEqual(fired, ['kept'])
  })
})
