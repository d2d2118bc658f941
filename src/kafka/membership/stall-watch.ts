import type { Clock, Timer } from '../../core/clock.ts'

interface StallWatchOptions {
  readonly clock: Clock
  readonly ticks: Int32Array<SharedArrayBuffer>
  readonly maxStallMs: number
  readonly onStalled: () => void
}

const checksPerStall = 8

/** Raises the counter, twice between two looks of the other thread. Cancel it to stop. */
export function startTicking(clock: Clock, ticks: Int32Array<SharedArrayBuffer>, maxStallMs: number): Timer {
  let timer: Timer
  const tick = () => {
    Atomics.add(ticks, 0, 1)
    timer = clock.setTimer({ afterMs: maxStallMs / checksPerStall / 2, background: true }, tick)
  }
  tick()
  return { cancel: () => timer.cancel() }
}

/**
 * Finds out that the main thread's loop stands still. It counts its own looks instead of measuring time: when the whole
 * process was stopped, this thread stood still too, and nothing is known of the other.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  #timer: Timer | undefined
  #lastTick = -1
  #looksInVain = 0

  constructor(options: StallWatchOptions) {
    this.#options = options
  }

  /** Starting twice does nothing. */
  start(): void {
    if (this.#timer === undefined) this.#lookLater()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #lookLater(): void {
    const { clock, maxStallMs } = this.#options
    this.#timer = clock.setTimer({ afterMs: maxStallMs / checksPerStall, background: true }, () => this.#look())
  }

  #look(): void {
    const tick = Atomics.load(this.#options.ticks, 0)
    this.#looksInVain = tick === this.#lastTick ? this.#looksInVain + 1 : 0
    this.#lastTick = tick
    if (this.#looksInVain === checksPerStall) this.#options.onStalled()
    else this.#lookLater()
  }
}
