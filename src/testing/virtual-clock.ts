import type { Clock, Timer } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'

interface PendingTimer extends Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * Time that stands still until a test moves it, so that minutes of backoff or expiry are tested in no time.
 *
 * @example
 * const clock = new VirtualClock()
 * clock.setTimer({ afterMs: 60_000 }, evict)
 * await clock.advance(60_000) // evict has run
 */
export class VirtualClock implements Clock {
  readonly #originMs: number
  #elapsedMs = 0
  // Sorted by due time; timers of the same time stand in the order in which they were set.
  readonly #timers: PendingTimer[] = []

  /** @param options - `startMs` is the wall clock at the beginning, in milliseconds since the epoch. */
  constructor({ startMs = 1_790_000_000_000 }: { startMs?: number } = {}) {
    this.#originMs = startMs
  }

  nowMs(): number {
    return this.#originMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer({ afterMs }: { afterMs: number }, callback: () => void): Timer {
    const timer: PendingTimer = {
      dueMs: this.#elapsedMs + Math.max(afterMs, 0),
      callback,
      cancel: () => {
        const index = this.#timers.indexOf(timer)
        if (index >= 0) this.#timers.splice(index, 1)
      },
    }
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer)
    return timer
  }

  /** Timers that have been set and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.length
  }

  /**
   * Moves time on by `ms`, firing timers at their due times, also those that are set on the way. Before each timer and
   * at the end, promises settle and the event loop turns; work that takes many turns has to be awaited by the test.
   *
   * @throws ConfigError `CONFIG_INVALID_VALUE`
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `advance takes milliseconds of at least 0, not ${ms}`, { ms })
    }
    const untilMs = this.#elapsedMs + ms
    await settle()
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= untilMs; next = this.#timers[0]) {
      this.#timers.shift()
      this.#elapsedMs = next.dueMs
      next.callback()
      await settle()
    }
    this.#elapsedMs = untilMs
  }

  /** Moves time on from timer to timer for as long as `promise` is pending, and gives what it comes to. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let isPending = true
    const onSettled = () => (isPending = false)
    promise.then(onSettled, onSettled)
    await settle()
    for (let next = this.#timers[0]; isPending && next !== undefined; next = this.#timers[0]) {
      await this.advance(next.dueMs - this.#elapsedMs)
    }
    return promise
  }
}

// Two turns: what runs in the first may have asked for one more, as a scheduler that lets the loop turn does.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}
