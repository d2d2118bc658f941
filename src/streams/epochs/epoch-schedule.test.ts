import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EpochSchedule } from './epoch-schedule.ts'

const limits = {
  epochMs: 100,
  epochIdleMs: 20,
  epochBytes: 64 << 20,
  transactionsPerSecondMax: 50,
  checkpointBytesPerSecondMax: 1 << 20,
  transactionTimeoutMs: 60_000,
}

describe('EpochSchedule', () => {
  it('has an epoch due by its time, its bytes, or when nothing comes', () => {
    const schedule = new EpochSchedule({ ...limits, epochBytes: 1_000 })
    assert.equal(schedule.isDue(1_000, 0, true), false)

    schedule.open(1_000)
    assert.deepEqual(
      [1_019, 1_020].map((nowMs) => schedule.isDue(nowMs, 0, true)),
      [false, true],
    )
    assert.deepEqual(
      [1_099, 1_100].map((nowMs) => schedule.isDue(nowMs, 0, false)),
      [false, true],
    )
    assert.deepEqual(
      [true, false].map((mayBeEarly) => schedule.dueInMs(1_005, mayBeEarly)),
      [15, 95],
    )
    schedule.stored(schedule.sent(999, 1_001), 999)
    assert.equal(schedule.isDue(1_001, 0, false), false)
    schedule.owe(1)
    assert.equal(schedule.isDue(1_001, 0, false), true)
  })

  it('closes an epoch long before its transaction would be over', () => {
    const schedule = new EpochSchedule({ ...limits, epochMs: 60_000, epochIdleMs: 60_000 })

    schedule.open(0)

    assert.deepEqual(
      [14_999, 15_000].map((nowMs) => schedule.isDue(nowMs, 0, false)),
      [false, true],
    )
  })

  it('computes no more ahead of the broker than the window has room for', () => {
    const schedule = new EpochSchedule(limits)
    const { windowBytes } = schedule
    schedule.open(0)

    const writing = schedule.sent(windowBytes - 10, 0)
    assert.equal(schedule.roomBytes(4), 6)
    assert.deepEqual(
      [9, 10].map((openBytes) => schedule.isDue(0, openBytes, false)),
      [false, true],
    )
    schedule.stored(writing, 100)

    assert.equal(schedule.roomBytes(10), 200, 'as much more as was stored, and the window has grown by that')
  })

  it('lets an epoch stay open while more may come, and neither its transaction nor memory suffers', () => {
    const schedule = new EpochSchedule({ ...limits, epochBytes: 100_000 })
    assert.equal(schedule.mayStayOpen(0, 0, false), false)
    schedule.open(0)

    assert.deepEqual(
      [999, 1_000].map((nowMs) => schedule.mayStayOpen(nowMs, 0, true)),
      [true, false],
      'until nothing has come for a second',
    )
    assert.equal(schedule.mayStayOpen(1_000_000, 0, false), true, 'no transaction is open')
    assert.equal(schedule.mayStayOpen(0, 100_000, false), false)
    schedule.stored(schedule.sent(99_999, 5_000), 99_999)
    assert.deepEqual(
      [19_999, 20_000].map((nowMs) => schedule.mayStayOpen(nowMs, 0, false)),
      [true, false],
    )
    schedule.owe(1)
    assert.equal(schedule.mayStayOpen(5_000, 0, false), false)
  })

  it('closes no epoch early at once after a commit', () => {
    const schedule = new EpochSchedule({ ...limits, epochIdleMs: 0 })
    schedule.open(0)
    assert.equal(schedule.isDue(0, 0, true), true, 'the first is closed at once')
    schedule.closed(0, 0)
    schedule.committed(30)

    schedule.open(31)

    assert.equal(schedule.dueInMs(31, true), 4)
    assert.deepEqual(
      [34, 35].map((nowMs) => schedule.isDue(nowMs, 0, true)),
      [false, true],
    )
    assert.deepEqual(
      [35, 130, 131].map((nowMs) => schedule.isDue(nowMs, 0, false)),
      [false, false, true],
      'while there is more to read it has all its time',
    )
  })

  it('bounds the transactions and the checkpoint bytes of epochs that are closed early', () => {
    const schedule = new EpochSchedule({ ...limits, epochIdleMs: 0, checkpointBytesPerSecondMax: 10_000 })
    schedule.closed(0, 100)
    schedule.committed(1)
    schedule.open(1)
    assert.equal(schedule.dueInMs(1, true), 19, 'fifty transactions a second')
    schedule.closed(20, 500)
    schedule.committed(21)
    schedule.open(21)

    assert.equal(schedule.dueInMs(21, true), 49, '500 of 10,000 bytes a second')
  })

  it('has no other epoch due while one is being committed', () => {
    const schedule = new EpochSchedule(limits)
    schedule.open(0)
    schedule.closed(0, 0)
    schedule.open(1)

    assert.equal(schedule.isDue(1_000, 0, true), false)
    schedule.committed(1_000)
    assert.equal(schedule.isDue(1_000, 0, false), true)
  })

  it('shrinks the window to what a throttling broker takes in a quarter of the timeout', () => {
    const schedule = new EpochSchedule(limits)
    const writing = schedule.sent(3_000_000, 0)
    schedule.stored(writing, 2_000_000)

    schedule.throttled(20_000, 0)

    assert.equal(schedule.windowBytes, 1_500_000)
  })

  it('does not count against an epoch that it has to wait for what was written before', () => {
    const schedule = new EpochSchedule(limits)
    const first = schedule.sent(1_000_000, 0)
    schedule.closed(0, 0)
    schedule.stored(first, 1_000_000)
    schedule.throttled(15_000, 0)
    schedule.committed(10)
    const { windowBytes } = schedule
    const second = schedule.sent(1_000_000, 20)
    schedule.closed(20, 0)
    schedule.stored(second, 1_000_000)
    schedule.throttled(15_000, 15_000)

    schedule.committed(15_010)

    assert.ok(schedule.windowBytes >= windowBytes)
  })

  it('halves the window at least when an epoch was given up that took too long, and for nothing else', () => {
    const schedule = new EpochSchedule(limits)
    schedule.sent(3_000_000, 0)
    schedule.rolledBack(15_000)
    const { windowBytes } = schedule
    assert.ok(windowBytes > 3_000_000)
    schedule.sent(3_000_000, 0)
    schedule.closed(15_000, 0)

    schedule.rolledBack(60_000)

    assert.equal(schedule.windowBytes, 1_500_000)
    assert.equal(schedule.isCommitting, false)
    schedule.stored(schedule.sent(100_000, 0), 100_000)
    schedule.rolledBack(60_000)
    assert.equal(schedule.windowBytes, 25_000)
  })
})
