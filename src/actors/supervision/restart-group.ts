import { type Clock, sleep } from '../../core/clock.ts'
import type { Child } from './child.ts'
import type { Strategy } from './supervisor.ts'

export interface Member {
  readonly child: Child
  /** Whether it comes back after having been stopped with the others. */
  readonly isRestartable: boolean
}

/** Restarts children by a strategy. */
export interface Restarter {
  /** Restarts what the strategy says when the child at `index` is down, at `readyAtMs` of the monotonic clock. */
  restart(index: number, readyAtMs: number): void
  /** Whether the child at `index` is being stopped for a restart, so that it is no news when it is down. */
  isStopping(index: number): boolean
}

/** @param signal - Ends all restarts when it aborts. */
export function createRestarter(
  strategy: Strategy,
  members: readonly Member[],
  clock: Clock,
  signal: AbortSignal,
): Restarter {
  if (strategy === 'oneForOne') {
    const groups = members.map((member) => new RestartGroup([member], clock, signal))
    return { restart: (index, readyAtMs) => groups[index]!.request(0, readyAtMs), isStopping: () => false }
  }
  const group = new RestartGroup(members, clock, signal)
  return {
    restart: (index, readyAtMs) => group.request(strategy === 'oneForAll' ? 0 : index, readyAtMs),
    isStopping: (index) => group.isStopping(index),
  }
}

/** Stops children one after the other, the last first. */
export async function stopInReverse(children: readonly Child[]): Promise<void> {
  for (const child of children.toReversed()) await child.stop()
}

/**
 * Children that are restarted together, from some member to the last: they stop in reverse order, wait, and start in
 * order. There is one restart at a time, so that no child lives twice; a request that arrives meanwhile widens the
 * restart and begins it anew.
 */
class RestartGroup {
  readonly #members: readonly Member[]
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #first = Infinity
  #readyAtMs = 0
  #requests = 0
  #phase: 'idle' | 'stopping' | 'starting' = 'idle'

  constructor(members: readonly Member[], clock: Clock, signal: AbortSignal) {
    this.#members = members
    this.#clock = clock
    this.#signal = signal
  }

  request(first: number, readyAtMs: number): void {
    this.#first = Math.min(this.#first, first)
    this.#readyAtMs = Math.max(this.#readyAtMs, readyAtMs)
    this.#requests++
    if (this.#phase === 'idle') void this.#restart()
  }

  isStopping(index: number): boolean {
    return this.#phase === 'stopping' && index >= this.#first
  }

  async #restart(): Promise<void> {
    let handledRequests: number
    do {
      handledRequests = this.#requests
      this.#phase = 'stopping'
      await stopInReverse(this.#members.slice(this.#first).map(({ child }) => child))
      await this.#waitUntilReady()
      this.#phase = 'starting'
      while (this.#first < this.#members.length && this.#requests === handledRequests) {
        if (this.#signal.aborted) return
        const { child, isRestartable } = this.#members[this.#first]!
        if (isRestartable) await child.start()
        else child.end()
        if (this.#requests === handledRequests) this.#first++
      }
    } while (this.#requests !== handledRequests)
    this.#first = Infinity
    this.#phase = 'idle'
  }

  async #waitUntilReady(): Promise<void> {
    const waitMs = this.#readyAtMs - this.#clock.monotonicMs()
    if (waitMs > 0) await sleep(this.#clock, waitMs, this.#signal).catch(() => {})
  }
}
