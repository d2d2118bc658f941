import type { Timer } from '../../src/core/clock.ts'
import { VirtualClock } from '../../src/testing/index.ts'

/** Pauses before a retry, and of throttled clients in these tests, are shorter than every timeout. */
const pauseMaxMs = 2_000

interface Pause {
  readonly ms: number
  isCancelled: boolean
}

/** A virtual clock for tests with real sockets: it can wait until the client has begun to pause. */
export class PauseClock extends VirtualClock {
  #pauses: Pause[] = []
  #begun = Promise.withResolvers<void>()

  /** Pauses that were begun and neither passed nor broken off. */
  get pauseCount(): number {
    return this.#pauses.filter(({ isCancelled }) => !isCancelled).length
  }

  override setTimer(options: { afterMs: number }, callback: () => void): Timer {
    const timer = super.setTimer(options, callback)
    if (options.afterMs > pauseMaxMs) return timer
    const pause: Pause = { ms: options.afterMs, isCancelled: false }
    this.#pauses.push(pause)
    this.#begun.resolve()
    return {
      cancel() {
        pause.isCancelled = true
        timer.cancel()
      },
    }
  }

  /** Waits until the client pauses, and moves time to the end of the pause. Returns its length. */
  async passPause(): Promise<number> {
    for (;;) {
      const pause = this.#pauses.shift()
      if (pause === undefined) {
        this.#begun = Promise.withResolvers()
        await this.#begun.promise
      } else if (!pause.isCancelled) {
        await this.advance(pause.ms)
        return pause.ms
      }
    }
  }
}
