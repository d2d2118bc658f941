import type { Clock, Timer } from '../../core/clock.ts'

/** Tells an actor that it has had nothing to do for a while; again after each further while. */
export class ReceiveTimeout {
  readonly #clock: Clock
  readonly #ms: number
  readonly #isBusy: () => boolean
  readonly #onIdle: () => void
  #timer: Timer
  #idleSinceMs: number

  constructor(clock: Clock, ms: number, isBusy: () => boolean, onIdle: () => void) {
    this.#clock = clock
    this.#ms = ms
    this.#isBusy = isBusy
    this.#onIdle = onIdle
    this.#idleSinceMs = clock.monotonicMs()
    this.#timer = this.#arm(ms)
  }

  /** Begins anew: a message has been handled. The timer stays as it is, since messages may be many. */
  touch(): void {
    this.#idleSinceMs = this.#clock.monotonicMs()
  }

  cancel(): void {
    this.#timer.cancel()
  }

  #arm(afterMs: number): Timer {
    return this.#clock.setTimer({ afterMs }, () => {
      const leftMs = this.#isBusy() ? this.#ms : this.#idleSinceMs + this.#ms - this.#clock.monotonicMs()
      this.#timer = this.#arm(leftMs > 0 ? leftMs : this.#ms)
      if (leftMs <= 0) this.#onIdle()
    })
  }
}
