import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { EventClock } from './event-clock.ts'

const latestMs = 10_000

function observe(clock: EventClock, partition: number, timestamps: number[], isBehind: boolean): void {
  clock.observe({ partition, timestamp: Float64Array.from(timestamps), count: timestamps.length }, latestMs, isBehind)
}

/** What the clock says when an epoch ends. */
function close(clock: EventClock) {
  const epoch = closingEpoch()
  clock.close(epoch)
  return epoch.manifest.eventTimes!
}

describe('EventClock', () => {
  it('shows the greatest timestamp of the partition that is furthest behind', () => {
    const clock = new EventClock([true, true])
    observe(clock, 0, [500, 900, 700], true)
    assert.equal(clock.nowMs(), -Infinity)
    observe(clock, 1, [300, 200], true)
    assert.equal(clock.nowMs(), 300)
  })

  it('is not held back by a partition that has been read to its end, or has nothing', () => {
    const clock = new EventClock([true, true, false])
    observe(clock, 0, [500], true)
    observe(clock, 1, [100], false)
    assert.equal(clock.nowMs(), 500)
    observe(clock, 0, [], false)
    assert.equal(clock.nowMs(), 500)
  })

  it('knows what was consumed before there was a clock, also after a rollback', () => {
    const clock = new EventClock([true, false])
    clock.recall({ partition: 0, timestamp: Float64Array.of(400, latestMs + 1), count: 2 }, latestMs)
    clock.recall({ partition: 1, timestamp: Float64Array.of(900), count: 1 }, latestMs)
    assert.equal(clock.nowMs(), 400)
    observe(clock, 0, [600], true)
    assert.equal(clock.nowMs(), 600)
    clock.rollback()
    assert.equal(clock.nowMs(), 400)
  })

  it('shows the greatest timestamp of all once everything has been read', () => {
    const clock = new EventClock([false, false])
    observe(clock, 0, [500], false)
    observe(clock, 1, [900], false)
    assert.equal(clock.nowMs(), 900)
  })

  it('does not believe a timestamp that lies too far ahead', () => {
    const clock = new EventClock([false])
    observe(clock, 0, [500, latestMs + 1, latestMs, 600], false)
    assert.equal(clock.nowMs(), latestMs)
  })

  it('never goes back', () => {
    const clock = new EventClock([false, false])
    observe(clock, 0, [500], false)
    assert.equal(clock.nowMs(), 500)
    observe(clock, 1, [100], true)
    assert.equal(clock.nowMs(), 500)
  })

  it('goes back to the last epoch that has committed, whatever the next one has seen meanwhile', () => {
    const clock = new EventClock([false, false])
    observe(clock, 0, [500], false)
    clock.nowMs()
    const times = close(clock)
    observe(clock, 0, [900], false)
    assert.equal(clock.nowMs(), 900)
    clock.commit()
    clock.rollback()
    observe(clock, 1, [700], false)
    assert.equal(clock.nowMs(), 500, 'what was read of partition 0 comes once more')
    assert.equal(new EventClock([false, false], times).nowMs(), 500)
  })

  it('heeds partitions that come later: one with records holds it where it is until they are read, one without does not', () => {
    const clock = new EventClock([false])
    observe(clock, 0, [500], false)
    assert.equal(clock.nowMs(), 500)

    clock.grow([900, 10, 0])
    observe(clock, 0, [900], false)
    assert.equal(clock.nowMs(), 500)
    observe(clock, 1, [300, 600], true)
    assert.equal(clock.nowMs(), 600)
    observe(clock, 1, [], false)
    assert.equal(clock.nowMs(), 900)
    assert.deepEqual(close(clock), { nowMs: 900, highestMs: [900, 600, null] })
  })

  it('waits once more for partitions that came in an epoch that is rolled back', () => {
    const clock = new EventClock([false])
    observe(clock, 0, [500], false)
    clock.nowMs()
    close(clock)
    clock.grow([900, 10])
    clock.commit()
    observe(clock, 1, [400], false)
    observe(clock, 0, [900], false)
    assert.equal(clock.nowMs(), 900)

    clock.rollback()

    observe(clock, 0, [900], false)
    assert.equal(clock.nowMs(), 500)
  })
})
