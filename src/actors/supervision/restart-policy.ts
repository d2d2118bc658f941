import { nextFloat, type Random } from '../../core/random.ts'
import type { ExitReason } from './exit-reason.ts'

/**
 * Which exits of a child lead to a restart: `permanent` all, `transient` crashes and kills, `temporary` none.
 *
 * @see Erlang/OTP design principles, supervisor behaviour, "Child Specification"
 */
export type RestartType = 'permanent' | 'transient' | 'temporary'

/** How long a child waits for its restart: `initialMs * factor ** n`, after n restarts that did not last. */
export interface Backoff {
  /** Milliseconds before the first restart. */
  readonly initialMs: number
  /** At least 1. @defaultValue 2 */
  readonly factor?: number
  /** Milliseconds that no wait exceeds. @defaultValue 30_000 */
  readonly maxMs?: number
  /**
   * Share of each wait, 0 to 1, that is left to chance, so that the children of many systems do not return in step.
   * @defaultValue 0.2
   */
  readonly jitter?: number
}

export function shouldRestart(restart: RestartType, reason: ExitReason): boolean {
  return restart === 'permanent' || (restart === 'transient' && (reason.kind === 'crashed' || reason.kind === 'killed'))
}

/** The wait before a child's next restart, after `restartsInRow` that did not last. Jitter only shortens it. */
export function backoffMs(backoff: Backoff, restartsInRow: number, random: Random): number {
  const { initialMs, factor = 2, maxMs = 30_000, jitter = 0.2 } = backoff
  const fullMs = Math.min(initialMs * factor ** restartsInRow, maxMs)
  return fullMs * (1 - jitter * nextFloat(random))
}

/** The restarts of `historyMs` that still count at `nowMs`, and this one; a restart exactly `withinMs` old counts. */
export function withRestart(historyMs: readonly number[], nowMs: number, withinMs: number): number[] {
  return [...historyMs.filter((restartMs) => nowMs - restartMs <= withinMs), nowMs]
}
