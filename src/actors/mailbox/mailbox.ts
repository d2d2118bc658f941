import { assert } from '../../core/assert.ts'
import type { Ask } from '../actor/ask.ts'
import { Fifo } from './fifo.ts'
import type { ActorMessage } from '../actor/ref.ts'

/** Messages that may wait for room before further ones are refused: only senders that do not await get there. */
export const waitingMax = 1_024

/** A message on its way, and what is to be told about it. */
export interface Envelope {
  readonly message: ActorMessage
  readonly sizeBytes: number
  readonly ask: Ask | undefined
  /** The sender, while it waits for room. */
  sender: PromiseWithResolvers<void> | undefined
  /** How often its handler has failed. */
  failures: number
}

/**
 * A bounded queue. The oldest messages are admitted, up to the bounds; younger ones wait behind them in the same order,
 * and are admitted, and their senders told, as room comes. The message being handled stays at the head until it is
 * done with: so it survives a crash and counts within the bounds.
 */
export class Mailbox {
  readonly #max: number
  readonly #maxBytes: number
  readonly #queue = new Fifo<Envelope>()
  #admittedCount = 0
  #admittedBytes = 0

  constructor(max: number, maxBytes: number) {
    this.#max = max
    this.#maxBytes = maxBytes
  }

  /** Messages within the bounds. */
  get admittedCount(): number {
    return this.#admittedCount
  }

  get admittedBytes(): number {
    return this.#admittedBytes
  }

  /** Messages whose senders wait for room. */
  get waitingCount(): number {
    return this.#queue.length - this.#admittedCount
  }

  /** Takes a message in, unless `waitingMax` others wait already. */
  put(envelope: Envelope): 'admitted' | 'waiting' | 'refused' {
    const isOverBound = this.waitingCount > 0 || !this.#hasRoom(envelope)
    if (isOverBound && this.waitingCount === waitingMax) return 'refused'
    this.#queue.push(envelope)
    if (isOverBound) return 'waiting'
    this.#admit(envelope)
    return 'admitted'
  }

  /** The oldest message, which stays. */
  peek(): Envelope | undefined {
    return this.#queue.at(0)
  }

  /** Takes the oldest message out and admits those that now have room. */
  shift(): void {
    const envelope = this.#queue.shift()
    if (envelope === undefined) return
    this.#admittedCount--
    this.#admittedBytes -= envelope.sizeBytes
    assert(this.#admittedCount >= 0 && this.#admittedBytes >= 0, 'only an admitted message is handled')
    for (;;) {
      const next = this.#queue.at(this.#admittedCount)
      if (next === undefined || !this.#hasRoom(next)) return
      this.#admit(next)
      next.sender?.resolve()
      next.sender = undefined
    }
  }

  /** Takes everything out, admitted or waiting. */
  clear(): Envelope[] {
    const envelopes: Envelope[] = []
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) envelopes.push(next)
    this.#admittedCount = 0
    this.#admittedBytes = 0
    return envelopes
  }

  // An empty mailbox takes a message of any size: otherwise a large one would wait for ever.
  #hasRoom(envelope: Envelope): boolean {
    if (this.#admittedCount === 0) return true
    return this.#admittedCount < this.#max && this.#admittedBytes + envelope.sizeBytes <= this.#maxBytes
  }

  #admit(envelope: Envelope): void {
    this.#admittedCount++
    this.#admittedBytes += envelope.sizeBytes
  }
}
