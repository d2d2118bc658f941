import type { Clock, Timer } from '../../../core/clock.ts'

/** How many turns of promises what a broker holds back takes to be heard. */
const turns = 6

/** Time that stands still but for timers, which all fire one after the other. */
export class SteppedClock implements Clock {
  #elapsedMs = 0
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>()
  /** How many answers are held back, which come by promises. */
  heldCount = 0

  nowMs(): number {
    return 1_790_000_000_000 + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer({ afterMs }: { afterMs: number }, callback: () => void): Timer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, afterMs), callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** @param look - Called about every `everyMs`. */
  async runUntil(endMs: number, everyMs: number, look: () => void): Promise<void> {
    let lookedMs = this.#elapsedMs
    for (;;) {
      let next: { dueMs: number; callback: () => void } | undefined
      for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer
      if (next === undefined || next.dueMs > endMs) break
      this.#timers.delete(next)
      this.#elapsedMs = next.dueMs
      next.callback()
      for (let turn = 0; turn < turns && this.heldCount > 0; turn++) await Promise.resolve()
      if (this.#elapsedMs < lookedMs + everyMs) continue
      lookedMs = this.#elapsedMs
      look()
    }
    this.#elapsedMs = endMs
  }
}
