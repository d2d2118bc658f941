import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noTimestamp } from '../../kernel/index.ts'
import { timestampLimits, TimestampWindow } from './timestamp-window.ts'

const nowMs = 1_790_000_000_000
const timeOfDay = { nowMs: () => nowMs }
const hour = 3_600_000
const lateMs = 120_000

describe('a timestamp window', () => {
  it('takes what the topic takes now and for a while, and names the nearest of all else', () => {
    const window = new TimestampWindow({ beforeMaxMs: 24 * hour, afterMaxMs: hour }, timeOfDay, lateMs)
    const earliestMs = nowMs - 24 * hour + lateMs
    const latestMs = nowMs + hour - 10_000

    assert.deepEqual([window.earliestMs, window.latestMs], [earliestMs, latestMs])
    for (const taken of [earliestMs, nowMs, latestMs, noTimestamp]) {
      assert.deepEqual([window.takes(taken), window.nearest(taken)], [true, taken])
    }
    for (const [refused, nearest] of [
      [earliestMs - 1, earliestMs],
      [0, earliestMs],
      [latestMs + 1, latestMs],
    ] as const) {
      assert.deepEqual([window.takes(refused), window.nearest(refused)], [false, nearest])
    }
  })

  it('takes everything where there is no limit', () => {
    const window = new TimestampWindow(timestampLimits([]), timeOfDay, lateMs)

    for (const timestampMs of [-2, 0, nowMs, 2 ** 53]) assert.equal(window.takes(timestampMs), true)
  })

  it('keeps half of a limit that is shorter than its margin', () => {
    const window = new TimestampWindow({ beforeMaxMs: 1_001, afterMaxMs: 0 }, timeOfDay, lateMs)

    assert.deepEqual([window.earliestMs, window.latestMs], [nowMs - 501, nowMs])
  })
})

describe('the limits of a topic', () => {
  it('are the narrower ones of those that its broker knows', () => {
    const longMax = '9223372036854775807'
    for (const [settings, beforeMaxMs, afterMaxMs] of [
      [['60000', '3600000', undefined], 60_000, hour],
      [[longMax, longMax, '5000'], 5_000, 5_000],
      [[undefined, undefined, '5000'], 5_000, 5_000],
      [[undefined, undefined, undefined], Infinity, Infinity],
    ] as const) {
      assert.deepEqual(timestampLimits(settings), { beforeMaxMs, afterMaxMs })
    }
  })
})
