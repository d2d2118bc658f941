import type { Clock, Timer } from '../core/clock.ts'

interface PendingTimer extends Timer {
  readonly dueMs: number
  arm(): void
}

/**
 * Time that runs as another clock's does, and jumps ahead when it is told to: whatever is due by then happens at once.
 */
export class JumpingClock implements Clock {
  readonly #clock: Clock
  readonly #pending = new Set<PendingTimer>()
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#aheadMs
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs() + this.#aheadMs
  }

  setTimer({ afterMs, background = false }: { afterMs: number; background?: boolean }, callback: () => void): Timer {
    let running: Timer | undefined
    const timer: PendingTimer = {
      dueMs: this.monotonicMs() + afterMs,
      arm: () => {
        running?.cancel()
        running = this.#clock.setTimer({ afterMs: Math.max(0, timer.dueMs - this.monotonicMs()), background }, () => {
          this.#pending.delete(timer)
          callback()
        })
      },
      cancel: () => {
        this.#pending.delete(timer)
        running?.cancel()
      },
    }
    this.#pending.add(timer)
    timer.arm()
    return timer
  }

  /** Jumps ahead and resolves when the timers that are due by then have fired, in their order. */
  async jump(ms: number): Promise<void> {
    this.#aheadMs += ms
    for (const timer of [...this.#pending].toSorted((a, b) => a.dueMs - b.dueMs)) timer.arm()
    await new Promise<void>((resolve) => this.#clock.setTimer({ afterMs: 0 }, resolve))
  }
}
