import { performance } from 'node:perf_hooks'

/** A pending timer; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * The one way to reach time. Nobody else calls `Date.now`, `performance.now` or `setTimeout`, so a whole program can
 * run on a virtual clock.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number
  /** Milliseconds that never go back, for intervals; the origin is arbitrary. */
  monotonicMs(): number
  /**
   * Calls `callback` once after `afterMs` milliseconds. A system timer does not keep the process alive when
   * `background`.
   */
  setTimer(options: { afterMs: number; background?: boolean }, callback: () => void): Timer
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer({ afterMs, background = false }, callback) {
    const handle = setTimeout(callback, afterMs)
    if (background) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/**
 * Resolves after `ms` milliseconds of `clock`, or rejects with the signal's reason as soon as it aborts.
 *
 * @param options - `background` as for a timer.
 */
export function sleep(
  clock: Clock,
  ms: number,
  signal?: AbortSignal,
  options?: { background?: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal!.reason)
    }
    const timer = clock.setTimer({ ...options, afterMs: ms }, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
