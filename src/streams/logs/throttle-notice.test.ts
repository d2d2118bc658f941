import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { ThrottleNotice } from './throttle-notice.ts'

describe('ThrottleNotice', () => {
  it('warns at once, again after a minute, and tells when it is over', async () => {
    const { notice, clock, told } = start()

    notice.note(500, 1_000)
    assert.deepEqual(told, [['warn', { app: 'shop', throttledMs: 500, epochBytes: 1_000 }]])
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      notice.note(900, 800)
    }
    assert.deepEqual(told.slice(1), [['warn', { app: 'shop', throttledMs: 54_000, epochBytes: 800 }]])
    await clock.advance(10_899)
    assert.equal(told.length, 2)
    await clock.advance(1)

    assert.deepEqual(told.slice(2), [['info', { app: 'shop' }]])
    assert.equal(clock.pendingTimers, 0)
    notice.note(1, 800)
    assert.equal(told.length, 4, 'the next time is news')
  })

  it('tells nothing more when it is stopped', async () => {
    const { notice, clock, told } = start()
    notice.note(500, 1_000)

    notice.stop()
    await clock.advance(60_000)

    assert.equal(told.length, 1)
  })
})

function start() {
  const told: unknown[] = []
  const clock = new VirtualClock()
  const logger = {
    debug() {},
    error() {},
    info: (facts: object) => void told.push(['info', facts]),
    warn: (facts: object) => void told.push(['warn', facts]),
  }
  return { clock, told, notice: new ThrottleNotice('shop', logger, clock) }
}
