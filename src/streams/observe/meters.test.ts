import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Meters } from './meters.ts'

const path = 'shop/stage-A'

describe('meters', () => {
  it('count restarts by actor, and keep the cause of the last crash', () => {
    const meters = new Meters()
    const crashed = { type: 'childCrashed', path, message: undefined, isCounted: true } as const

    meters.note({ type: 'childStarted', path, incarnation: 1 }, 0)
    meters.note({ ...crashed, incarnation: 1, error: new TypeError('first') }, 10)
    meters.note({ type: 'childRestarted', path, incarnation: 2 }, 20)
    meters.note({ ...crashed, incarnation: 2, error: new TypeError('second') }, 30)
    meters.note({ type: 'childRestarted', path, incarnation: 3 }, 40)
    meters.note({ type: 'childRestarted', path: 'shop/sink', incarnation: 2 }, 40)

    assert.deepEqual(meters.restarts, [
      { path, count: 2, lastCause: 'TypeError: second', lastCrashMs: 30 },
      { path: 'shop/sink', count: 1, lastCause: undefined, lastCrashMs: undefined },
    ])
  })

  it('know of no actor that only started and stopped', () => {
    const meters = new Meters()

    meters.note({ type: 'childStarted', path, incarnation: 1 }, 0)
    meters.note({ type: 'childStopped', path, incarnation: 1, reason: { kind: 'shutdown' } }, 10)

    assert.deepEqual(meters.restarts, [])
  })

  it('keep the time of the last consumed record of each partition', () => {
    const meters = new Meters()

    meters.consumed(2, 500)
    meters.consumed(2, 400)

    assert.deepEqual([meters.consumedMs(2), meters.consumedMs(0)], [400, undefined])
  })
})
