import { type Clock, sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { nextFloat, type Random } from '../../core/random.ts'
import type { Wait, Waits } from './broker-waits.ts'

export interface RetryPolicy {
  clock: Clock
  random: Random
  /** Time after which a retryable error is raised after all; infinite where none is set. */
  deadlineMs: number
  signal?: AbortSignal
  /** Is told of waits. */
  waits?: Waits
}

const firstDelayMs = 20
const delayMaxMs = 1_000

/** Doubling from 20 ms to 1 s, each drawn between half and whole so that clients do not retry in step. */
export function retryDelayMs(attempt: number, random: Random): number {
  return Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(attempt, 10)) * (0.5 + nextFloat(random) / 2)
}

const soonDelayMsMin = 5
const soonDelayMsMax = 20

/** 5 to 20 ms, for what a broker is just about to finish. */
export function soonDelayMs(attempt: number): number {
  return Math.min(soonDelayMsMax, soonDelayMsMin * (attempt + 1))
}

/**
 * Repeats `attempt` while it fails with a retryable `MillraceError` and the deadline has not passed.
 *
 * @param what - What it does, such as `reading metadata`, for whoever is told of the wait.
 */
export async function withRetries<Result>(
  policy: RetryPolicy,
  what: string,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let wait: Wait | undefined
  const waiting = (error: MillraceError) => {
    wait ??= policy.waits?.begin(what)
    wait?.failed(error)
  }
  try {
    return await repeat(policy, attempt, waiting)
  } finally {
    wait?.end()
  }
}

async function repeat<Result>(
  policy: RetryPolicy,
  attempt: () => Promise<Result>,
  onFailed: (error: MillraceError) => void,
): Promise<Result> {
  const endMs = policy.clock.monotonicMs() + policy.deadlineMs
  for (let count = 0; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      const delayMs = retryDelayMs(count, policy.random)
      const isLast = policy.clock.monotonicMs() + delayMs > endMs
      if (isLast || !MillraceError.is(error) || !error.retryable) throw error
      onFailed(error)
      await sleep(policy.clock, delayMs, policy.signal)
    }
  }
}
