import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../core/random.ts'
import type { ExitReason } from './exit-reason.ts'
import { backoffMs, type RestartType, shouldRestart, withRestart } from './restart-policy.ts'

describe('shouldRestart', () => {
  const reasons: ExitReason[] = [
    { kind: 'normal' },
    { kind: 'crashed', error: new Error('fault') },
    { kind: 'killed' },
    { kind: 'shutdown' },
  ]
  const table: [RestartType, boolean[]][] = [
    ['permanent', [true, true, true, true]],
    ['transient', [false, true, true, false]],
    ['temporary', [false, false, false, false]],
  ]
  for (const [restart, expected] of table) {
    it(`restarts a ${restart} child after [${reasons.map(({ kind }) => kind).join(', ')}]: [${expected.join(', ')}]`, () => {
      assert.deepEqual(
        reasons.map((reason) => shouldRestart(restart, reason)),
        expected,
      )
    })
  }
})

describe('backoffMs', () => {
  const random = seededRandom(1)

  it('grows by the factor with each restart in a row, up to the cap', () => {
    const backoff = { initialMs: 100, factor: 3, maxMs: 2_000, jitter: 0 }

    const waits = [0, 1, 2, 3, 4].map((restarts) => backoffMs(backoff, restarts, random))

    assert.deepEqual(waits, [100, 300, 900, 2_000, 2_000])
  })

  it('doubles up to 30 seconds by default', () => {
    const backoff = { initialMs: 1_000, jitter: 0 }

    const waits = [0, 1, 2, 4, 5, 10_000].map((restarts) => backoffMs(backoff, restarts, random))

    assert.deepEqual(waits, [1_000, 2_000, 4_000, 16_000, 30_000, 30_000])
  })

  it('leaves the share of jitter to chance and never exceeds the full wait', () => {
    const waits = Array.from({ length: 1_000 }, () => backoffMs({ initialMs: 100, jitter: 0.5 }, 0, random))

    assert.ok(Math.min(...waits) >= 50 && Math.max(...waits) <= 100)
    assert.ok(Math.min(...waits) < 55 && Math.max(...waits) > 95, 'the whole range is used')
  })
})

describe('withRestart', () => {
  it('forgets restarts older than the window and keeps one exactly as old', () => {
    assert.deepEqual(withRestart([1_000, 2_000, 3_000], 7_000, 5_000), [2_000, 3_000, 7_000])
  })
})
