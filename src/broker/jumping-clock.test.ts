import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../testing/index.ts'
import { JumpingClock } from './jumping-clock.ts'

describe('JumpingClock', () => {
  it('runs as the clock under it does', async () => {
    const time = new VirtualClock()
    const clock = new JumpingClock(time)
    const fired: string[] = []
    clock.setTimer({ afterMs: 100 }, () => fired.push('due'))
    clock.setTimer({ afterMs: 100 }, () => fired.push('cancelled')).cancel()

    await time.advance(99)
    assert.deepEqual(fired, [])
    await time.advance(1)

    assert.deepEqual(fired, ['due'])
    assert.equal(clock.nowMs(), time.nowMs())
  })

  it('fires in their order the timers it jumps over, and the others as much earlier', async () => {
    const time = new VirtualClock()
    const clock = new JumpingClock(time)
    const fired: string[] = []
    for (const afterMs of [30, 10, 60, 20]) clock.setTimer({ afterMs }, () => fired.push(`after ${afterMs}`))

    await time.until(clock.jump(40))

    assert.deepEqual(fired, ['after 10', 'after 20', 'after 30'])
    assert.equal(clock.monotonicMs() - time.monotonicMs(), 40)
    await time.advance(20)
    assert.equal(fired.at(-1), 'after 60')
  })
})
