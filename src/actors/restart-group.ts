import { type Clock, sleep } from '../core/clock.ts'
import type { Child } from './child.ts'
import type { Strategy } from './supervisor.ts'

export interface Member {
  readonly child: Child
  /** Whether it comes back after having been stopped with the others. */
  readonly isRestartable: boolean
}

/** Restarts the children that the strategy says, when the one at `index` is down, not before `readyAtMs` of the monotonic clock. */
export type Restarter = (index: number, readyAtMs: number) => void

/** @param signal - Ends all restarts when it aborts. */
export function createRestarter(
  strategy: Strategy,
  members: readonly Member[],
  clock: Clock,
  signal: AbortSignal,
): Restarter {
  if (strategy === 'oneForOne') {
    const groups = members.map((member) => new RestartGroup([member], clock, signal))
    return (index, readyAtMs) => groups[index]!.request(0, readyAtMs)
  }
  const group = new RestartGroup(members, clock, signal)
  return (index, readyAtMs) => group.request(strategy === 'oneForAll' ? 0 : index, readyAtMs)
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

  constructor(members: readonly Member[], clock: Clock, signal: AbortSignal) {
    this.#members = members
    this.#clock = clock
    this.#signal = signal
  }

  request(first: number, readyAtMs: number): void {
    const isIdle = this.#first === Infinity
    this.#first = Math.min(this.#first, first)
    this.#readyAtMs = Math.max(this.#readyAtMs, readyAtMs)
    this.#requests++
    if (isIdle) void this.#restart()
  }

  async #restart(): Promise<void> {
    let handledRequests: number
    do {
      handledRequests = this.#requests
      const members = this.#members.slice(this.#first)
      await stopInReverse(members.map(({ child }) => child))
      await this.#waitUntilReady()
      for (const { child, isRestartable } of members) {
        if (this.#signal.aborted) return
        if (this.#requests !== handledRequests) break
        if (isRestartable) await child.start()
        else child.end()
      }
    } while (this.#requests !== handledRequests)
    this.#first = Infinity
  }

  async #waitUntilReady(): Promise<void> {
    const waitMs = this.#readyAtMs - this.#clock.monotonicMs()
    if (waitMs > 0) await sleep(this.#clock, waitMs, this.#signal).catch(() => {})
  }
}
