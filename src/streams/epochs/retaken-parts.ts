import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { EpochParticipant } from './epoch-participant.ts'

/**
 * Pending parts that are taken in again, because this version of the program gives them other keys: the first epoch that
 * commits has read all of them, and nothing new.
 *
 * State: whether there are any, until that epoch has committed; how many have been taken in since the last rollback, and
 * whether that was the last one.
 * Why it is right: that epoch takes all of them out of what is pending, and the table's log puts back those that still
 * are. So each that has left has a class of the same epoch, and a rollback leaves what was pending before.
 */
export class RetakenParts implements EpochParticipant {
  readonly #pending: Pick<PendingOffsets, 'sets'>
  #isDue: boolean
  #count = 0
  #isWhole = false

  /** @param isDue - Whether there are any. */
  constructor(pending: Pick<PendingOffsets, 'sets'>, isDue: boolean) {
    this.#pending = pending
    this.#isDue = isDue
  }

  /** Whether the epoch that takes them in has not committed yet. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** Whether the current epoch, or the closed one, has taken all of them in. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** How many have been taken in. */
  get count(): number {
    return this.#count
  }

  /** The current epoch has taken in so many. */
  note(count: number): void {
    this.#count += count
  }

  /** The current epoch has taken in all of them. */
  end(): void {
    this.#isWhole = true
  }

  close(): void {
    if (!this.isDue) return
    for (const set of this.#pending.sets) set.forEach((offset) => set.delete(offset))
  }

  commit(): void {
    this.#isDue = false
  }

  rollback(): void {
    this.#count = 0
    this.#isWhole = false
  }
}
