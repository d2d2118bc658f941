import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EventClock } from './event-clock.ts'

function observe(clock: EventClock, partition: number, timestamps: number[], isBehind: boolean): void {
  clock.observe(partition, Float64Array.from(timestamps), timestamps.length, isBehind)
}

describe('EventClock', () => {
  it('shows the greatest timestamp of the partition that is furthest behind', () => {
    const clock = new EventClock(2)
    observe(clock, 0, [500, 900, 700], true)
    observe(clock, 1, [300, 200], true)
    assert.equal(clock.nowMs(), 300)
  })

  it('is not held back by a partition that has been read to its end, or has nothing', () => {
    const clock = new EventClock(3)
    observe(clock, 0, [500], true)
    observe(clock, 1, [100], false)
    assert.equal(clock.nowMs(), 500)
    observe(clock, 0, [], false)
    assert.equal(clock.nowMs(), 500)
  })

  it('shows the greatest timestamp of all once everything has been read', () => {
    const clock = new EventClock(2)
    observe(clock, 0, [500], false)
    observe(clock, 1, [900], false)
    assert.equal(clock.nowMs(), 900)
  })

  it('never goes back', () => {
    const clock = new EventClock(2)
    observe(clock, 0, [500], false)
    assert.equal(clock.nowMs(), 500)
    observe(clock, 1, [100], true)
    assert.equal(clock.nowMs(), 500)
  })

  it('goes back to the last epoch that was settled, and on from what a checkpoint says', () => {
    const clock = new EventClock(2)
    observe(clock, 0, [500], false)
    clock.nowMs()
    clock.settle()
    observe(clock, 0, [900], false)
    assert.equal(clock.nowMs(), 900)
    clock.rollback()
    assert.equal(clock.nowMs(), 500)
    assert.equal(new EventClock(2, clock.times).nowMs(), 500)
    assert.equal(new EventClock(2).nowMs(), -Infinity)
  })
})
