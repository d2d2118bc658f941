import type { Timer } from '../../src/core/clock.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { Queue } from './queue.ts'

/** Pauses before a retry, and of throttled clients in these tests, are shorter than every timeout. */
const pauseMaxMs = 2_000

/** A virtual clock for tests with real sockets: it can wait until the client has begun to pause. */
export class PauseClock extends VirtualClock {
  readonly #pauses = new Queue<number>()

  /** Pauses that were begun and not passed. */
  get pauseCount(): number {
    return this.#pauses.length
  }

  override setTimer(options: { afterMs: number }, callback: () => void): Timer {
    if (options.afterMs <= pauseMaxMs) this.#pauses.push(options.afterMs)
    return super.setTimer(options, callback)
  }

  /** Waits until the client pauses, and moves time to the end of the pause. Returns its length. */
  async passPause(): Promise<number> {
    const ms = await this.#pauses.next()
    await this.advance(ms)
    return ms
  }
}
