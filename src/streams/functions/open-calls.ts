import type { Clock, Timer } from '../../core/clock.ts'

/** How long a promise may be pending before it is told of, and how long until it is told of again. */
const firstTellMs = 10_000
const tellAgainMs = 60_000

export interface OpenCallsOptions {
  readonly clock: Clock
  /** Milliseconds after which a call has failed; `Infinity` for no bound. */
  readonly timeoutMs: number
  readonly onMade: (row: number, made: unknown) => void
  readonly onFailed: (row: number, error: unknown) => void
  /** Told of the oldest call when it has been pending for long. */
  readonly onLate: (row: number, pendingMs: number, openCount: number) => void
}

interface Call {
  readonly row: number
  readonly startedMs: number
}

/**
 * Calls of a function whose promises are pending. What comes of a call after its time is over, or after all were
 * dropped, is ignored: its row belongs to others by then.
 */
export class OpenCalls {
  readonly #options: OpenCallsOptions
  /** In the order in which they began. */
  readonly #calls = new Set<Call>()
  #settled: PromiseWithResolvers<void> | undefined
  #nextTellMs = 0

  constructor(options: OpenCallsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#calls.size
  }

  add(row: number, promise: PromiseLike<unknown>): void {
    const { clock, onMade, onFailed } = this.#options
    const call: Call = { row, startedMs: clock.monotonicMs() }
    this.#calls.add(call)
    Promise.resolve(promise)
      .then(
        (made) => this.#end(call, () => onMade(row, made)),
        (error: unknown) => this.#end(call, () => onFailed(row, error)),
      )
      // A fault of the program's own ends the wait of whoever waits.
      .catch((fault: unknown) => this.#settled?.reject(fault))
  }

  /**
   * Resolves when each call has come to an end or its time is over; rejects, and drops them, with the signal's reason.
   */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#calls.size === 0) return
    signal.throwIfAborted()
    const settled = (this.#settled = Promise.withResolvers<void>())
    const onAbort = () => settled.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#nextTellMs = this.#oldest().startedMs + firstTellMs
    const watch = this.#watch()
    try {
      await settled.promise
    } finally {
      watch.cancel()
      signal.removeEventListener('abort', onAbort)
      this.#settled = undefined
      this.#calls.clear()
    }
  }

  #end(call: Call, take: () => void): void {
    if (!this.#calls.delete(call)) return
    take()
    if (this.#calls.size === 0) this.#settled?.resolve()
  }

  /** Looks when the next call could be late. */
  #watch(): Timer {
    const { clock } = this.#options
    let timer: Timer
    const arm = () => {
      const dueMs = Math.min(this.#oldest().startedMs + this.#options.timeoutMs, this.#nextTellMs)
      timer = clock.setTimer({ afterMs: Math.max(1, dueMs - clock.monotonicMs()) }, () => {
        this.#failLate()
        if (this.#calls.size === 0) return
        this.#tellOfLate()
        arm()
      })
    }
    arm()
    return { cancel: () => timer.cancel() }
  }

  #failLate(): void {
    const { clock, timeoutMs, onFailed } = this.#options
    const endMs = clock.monotonicMs() - timeoutMs
    for (const call of this.#calls) {
      if (call.startedMs > endMs) return
      this.#end(call, () => onFailed(call.row, new Error(`its promise did not settle within ${timeoutMs} ms`)))
    }
  }

  #tellOfLate(): void {
    const { clock, onLate } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs < this.#nextTellMs) return
    const { row, startedMs } = this.#oldest()
    onLate(row, Math.round(nowMs - startedMs), this.#calls.size)
    this.#nextTellMs = nowMs + tellAgainMs
  }

  #oldest(): Call {
    return this.#calls.values().next().value!
  }
}
