/**
 * Why a message was not handled.
 * - `ended`: it was sent to an actor that had ended;
 * - `stopped`: it was still queued when the actor ended;
 * - `failed`: handling it failed for good;
 * - `refused`: too many senders were waiting for room already, or it does not cross to the actor's thread;
 * - `lost`: it had bytes that were given to a thread, which ended.
 */
export type DeadLetterReason = 'ended' | 'stopped' | 'failed' | 'refused' | 'lost'

/** One message that was not handled; the message itself is not kept, so that samples hold no memory. */
export interface DeadLetter {
  readonly path: string
  readonly messageType: string
  readonly reason: DeadLetterReason
}

/** All dead letters of a system so far, by reason, and the latest of them. */
export interface DeadLetterCounts {
  readonly total: number
  readonly byReason: Readonly<Record<DeadLetterReason, number>>
  readonly latest: readonly DeadLetter[]
}

const samplesMax = 16

/** Counts the messages that nobody handled, and keeps the latest few as samples. */
export class DeadLetters {
  readonly #byReason: Record<DeadLetterReason, number> = { ended: 0, stopped: 0, failed: 0, refused: 0, lost: 0 }
  readonly #latest: DeadLetter[] = []

  record(letter: DeadLetter): void {
    this.#byReason[letter.reason]++
    this.#latest.push(letter)
    if (this.#latest.length > samplesMax) this.#latest.shift()
  }

  snapshot(): DeadLetterCounts {
    const byReason = { ...this.#byReason }
    return {
      total: Object.values(byReason).reduce((sum, count) => sum + count, 0),
      byReason,
      latest: [...this.#latest],
    }
  }
}
