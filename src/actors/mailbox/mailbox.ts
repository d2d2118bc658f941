import { assert } from '../../core/assert.ts'
import type { OpenAsk } from '../actor/ask.ts'
import { Fifo } from './fifo.ts'
import type { Origin } from './origin.ts'
import type { ActorMessage } from '../actor/ref.ts'

/** Messages that may wait for room before further ones are refused: only senders that do not await get there. */
export const waitingMax = 1_024

/** A message on its way, and what is to be told about it. */
export interface Envelope {
  readonly message: ActorMessage
  readonly sizeBytes: number
  readonly ask: OpenAsk | undefined
  /** Where it came from, if that is another thread. */
  origin: Origin | undefined
  /** The sender, while it waits for room. */
  sender: PromiseWithResolvers<void> | undefined
  /** How often its handler has failed. */
  failures: number
}

/**
 * A bounded queue. The oldest messages are admitted, up to the bounds; younger ones wait after them in the same order,
 * and are admitted, and their senders told, as room comes. The message being handled stays at the head until it is
 * done with: so it survives a crash and counts within the bounds.
 */
export class Mailbox {
  #max: number
  #maxBytes: number
  readonly #queue = new Fifo<Envelope>()
  #admittedCount = 0
  #admittedBytes = 0
  /** Messages set aside, within the bounds like all that were admitted; `undefined` when there are none. */
  #stash: Envelope[] | undefined
  #stashBytes = 0
  /** Messages within the bounds that are not in the queue itself. */
  #asideCount = 0
  /** Messages that come before the queue, because they were set aside; `undefined` when there are none. */
  #returned: Fifo<Envelope> | undefined

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
    return this.#queue.length - this.#admittedCount + this.#asideCount
  }

  /** Messages set aside. */
  get stashCount(): number {
    return this.#stash?.length ?? 0
  }

  /** Takes as many messages as `max` from now on; those that are in stay. */
  setMax(max: number, maxBytes = this.#maxBytes): void {
    this.#max = max
    this.#maxBytes = maxBytes
  }

  /**
   * Takes a message in, unless `waitingMax` others wait already. One from another thread has been let in there, and so
   * it is not refused.
   */
  put(envelope: Envelope): 'admitted' | 'waiting' | 'refused' {
    const waitingCount = this.waitingCount
    const isOverBound = waitingCount > 0 || !this.#hasRoom(envelope)
    if (isOverBound && waitingCount >= waitingMax && envelope.origin === undefined) return 'refused'
    this.#queue.push(envelope)
    if (isOverBound) return 'waiting'
    this.#admit(envelope)
    return 'admitted'
  }

  /** The oldest message, which stays. */
  peek(): Envelope | undefined {
    return this.headAt(0)
  }

  /** How many messages can be handled together: the oldest one, and those after it that are admitted. */
  get headCount(): number {
    if (this.#returned !== undefined) return this.#returned.length
    return this.#queue.length === 0 ? 0 : Math.max(this.#admittedCount - this.#asideCount, 1)
  }

  /** The message `index` places after the oldest one, among those that can be handled together. */
  headAt(index: number): Envelope | undefined {
    return this.#returned === undefined ? this.#queue.at(index) : this.#returned.at(index)
  }

  /** The message `index` places after the oldest of the queue, which is at 0. */
  at(index: number): Envelope | undefined {
    return this.#queue.at(index)
  }

  /** Whether the oldest messages can be set aside and leave room for others: else none would ever come. */
  canStash(count: number): boolean {
    let sizeBytes = 0
    for (let index = 0; index < count; index++) sizeBytes += this.headAt(index)?.sizeBytes ?? 0
    return this.stashCount + count < this.#max && this.#stashBytes + sizeBytes < this.#maxBytes
  }

  /** Sets the oldest message aside. */
  stash(): void {
    const envelope = this.#returned === undefined ? this.#queue.shift() : this.#takeReturned()
    if (envelope === undefined) return
    this.#asideCount++
    ;(this.#stash ??= []).push(envelope)
    this.#stashBytes += envelope.sizeBytes
  }

  /** Puts what was set aside before all others, in the order in which it came. */
  unstash(): void {
    if (this.#stash === undefined) return
    const returned = new Fifo<Envelope>()
    for (const envelope of this.#stash) returned.push(envelope)
    for (let next = this.#returned?.shift(); next !== undefined; next = this.#returned?.shift()) returned.push(next)
    this.#returned = returned
    this.#stash = undefined
    this.#stashBytes = 0
  }

  /** Takes the oldest message out and admits those that now have room. */
  shift(): void {
    const envelope = this.#returned === undefined ? this.#queue.shift() : this.#takeReturned()
    if (envelope === undefined) return
    this.#admittedCount--
    this.#admittedBytes -= envelope.sizeBytes
    assert(this.#admittedCount >= 0 && this.#admittedBytes >= 0, 'only an admitted message is handled')
    for (;;) {
      const next = this.#queue.at(this.#admittedCount - this.#asideCount)
      if (next === undefined || !this.#hasRoom(next)) return
      this.#admit(next)
      next.sender?.resolve()
      next.sender = undefined
    }
  }

  /** Takes everything out, admitted or waiting. */
  clear(): Envelope[] {
    this.unstash()
    const envelopes: Envelope[] = []
    for (let next = this.#returned?.shift(); next !== undefined; next = this.#returned?.shift()) envelopes.push(next)
    this.#returned = undefined
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) envelopes.push(next)
    this.#asideCount = 0
    this.#admittedCount = 0
    this.#admittedBytes = 0
    return envelopes
  }

  #takeReturned(): Envelope | undefined {
    if (this.#returned === undefined) return undefined
    this.#asideCount--
    const envelope = this.#returned.shift()
    if (this.#returned.length === 0) this.#returned = undefined
    return envelope
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
