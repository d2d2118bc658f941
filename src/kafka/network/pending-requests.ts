import { assert } from '../../core/assert.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import type { Api } from '../../protocol/index.ts'
import type { Exchange } from './exchange.ts'

export interface PendingRequest {
  readonly correlationId: number
  readonly version: number
  deadlineMs: number
  readonly exchange: Exchange<Api>
}

/** Requests that were sent and not answered, in their order, in which brokers answer them. */
export class PendingRequests {
  readonly #clock: Clock
  readonly #onOverdue: () => void
  readonly #requests: PendingRequest[] = []
  #timeout: Timer | undefined
  #correlationId = 0

  /** @param onOverdue - Called when the oldest request is not answered by its deadline. */
  constructor(clock: Clock, onOverdue: () => void) {
    this.#clock = clock
    this.#onOverdue = onOverdue
  }

  get count(): number {
    return this.#requests.length
  }

  /** The request whose response comes next. */
  get oldest(): PendingRequest | undefined {
    return this.#requests[0]
  }

  /** Adds a request that is being sent, under a correlation id of its own. */
  add(exchange: Exchange<Api>, version: number, timeoutMs: number): PendingRequest {
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs
    const request = { correlationId: this.#correlationId, version, deadlineMs, exchange }
    this.#requests.push(request)
    this.#watch()
    return request
  }

  /** The oldest request was answered. */
  removeOldest(): void {
    assert(this.#requests.length > 0, 'only what was asked is answered')
    this.#requests.shift()
    this.#watch()
  }

  /** Removes all requests, and returns them. */
  removeAll(): PendingRequest[] {
    const all = this.#requests.splice(0)
    this.#watch()
    return all
  }

  /** Gives every request so much longer. */
  extend(ms: number): void {
    for (const request of this.#requests) request.deadlineMs += ms
  }

  /** One timer watches the oldest request. */
  #watch(): void {
    const { oldest } = this
    if (oldest === undefined) {
      this.#timeout?.cancel()
      this.#timeout = undefined
      return
    }
    if (this.#timeout !== undefined) return
    const afterMs = Math.max(0, oldest.deadlineMs - this.#clock.monotonicMs())
    this.#timeout = this.#clock.setTimer({ afterMs, background: true }, () => {
      this.#timeout = undefined
      const overdue = this.oldest
      if (overdue !== undefined && overdue.deadlineMs <= this.#clock.monotonicMs()) this.#onOverdue()
      else this.#watch()
    })
  }
}
