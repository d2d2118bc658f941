import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KafkaError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { retryDelayMs, withRetries } from './retry.ts'

const shortest = { nextUint32: () => 0 }
const longest = { nextUint32: () => 0xffff_ffff }

describe('retryDelayMs', () => {
  it('doubles from 20 ms to one second', () => {
    const delays = Array.from({ length: 8 }, (_, attempt) => Math.round(retryDelayMs(attempt, longest)))

    assert.deepEqual(delays, [20, 40, 80, 160, 320, 640, 1000, 1000])
    assert.equal(Math.round(retryDelayMs(5_000, longest)), 1000)
  })

  it('is at least half of that', () => {
    assert.deepEqual([retryDelayMs(0, shortest), retryDelayMs(9, shortest)], [10, 500])
  })
})

describe('withRetries', () => {
  const passing = new KafkaError('KAFKA_UNAVAILABLE', 'an election')
  const lasting = new KafkaError('KAFKA_REFUSED', 'a refusal')

  it('repeats what fails with an error that passes', async () => {
    const clock = new VirtualClock()
    let attempts = 0
    const attempt = async () => {
      if (++attempts < 3) throw passing
      return attempts
    }

    const result = clock.until(withRetries({ clock, random: shortest, deadlineMs: 1_000 }, 'asking', attempt))

    assert.equal(await result, 3)
    assert.equal(clock.monotonicMs(), 10 + 20)
  })

  for (const error of [lasting, new TypeError('a bug')]) {
    it(`does not repeat what fails with ${error.message}`, async () => {
      let attempts = 0
      const attempt = async () => {
        attempts++
        throw error
      }

      await assert.rejects(
        withRetries({ clock: new VirtualClock(), random: shortest, deadlineMs: 1_000 }, 'asking', attempt),
        error,
      )

      assert.equal(attempts, 1)
    })
  }

  it('raises the error instead of pausing beyond the deadline', async () => {
    const clock = new VirtualClock()

    const failed = clock.until(
      withRetries({ clock, random: shortest, deadlineMs: 100 }, 'asking', () => Promise.reject(passing)),
    )

    await assert.rejects(failed, passing)
    assert.equal(clock.monotonicMs(), 10 + 20 + 40)
  })

  it('ends a pause with the reason of its signal', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const policy = { clock: new VirtualClock(), random: shortest, deadlineMs: 1_000, signal: controller.signal }
    const failed = assert.rejects(
      withRetries(policy, 'asking', () => Promise.reject(passing)),
      reason,
    )

    controller.abort(reason)

    await failed
  })
})
