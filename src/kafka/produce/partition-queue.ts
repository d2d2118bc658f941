import { assert } from '../../core/assert.ts'
import type { OutputBatch } from '../../kernel/index.ts'

/** Batches of a partition that may be in flight: what brokers remember to spot repeats. */
export const inFlightMax = 5

/** Sequences are 31 bits wide and go round. */
const sequenceCount = 2 ** 31

/** What is waited for before batches that failed are sent again: a little time, or their leader. */
export type Remedy = 'wait' | 'search'

export interface OutgoingBatch {
  readonly batch: OutputBatch
  onStored: () => void
  /** -1 until it is first sent. */
  sequence: number
  readonly queuedMs: number
  failures: number
}

/**
 * The batches of one partition on their way to its leader: queued, in flight, or failed. Sequences number its records
 * without a gap; a batch keeps its own when it is sent again.
 *
 * A batch that failed waits until nothing is in flight any more, so that failed batches are sent again in their order.
 */
export class PartitionQueue {
  readonly sink: number
  readonly partition: number
  /** Stays the same while batches are in flight there. */
  leader: number
  #queue: OutgoingBatch[] = []
  #inFlight: OutgoingBatch[] = []
  /** In order. */
  #failed: OutgoingBatch[] = []
  #nextSequence = 0
  /** Until a first batch is stored, a broker may take any sequence for the first, so that one goes alone. */
  #isFirstAlone = true
  /** Failed batches wait for their remedy, and all others after them. */
  #isHeld = false
  #remedy: Remedy = 'search'

  constructor({ sink, partition, leader }: { sink: number; partition: number; leader: number }) {
    this.sink = sink
    this.partition = partition
    this.leader = leader
  }

  /** Begins with sequence 0, and gives up all that is queued or in flight. */
  reset({ isFirstAlone }: { isFirstAlone: boolean }): void {
    this.#queue = []
    this.#inFlight = []
    this.#failed = []
    this.#nextSequence = 0
    this.#isFirstAlone = isFirstAlone
    this.#isHeld = false
  }

  add(batch: OutputBatch, onStored: () => void, queuedMs: number): void {
    this.#queue.push({ batch, onStored, sequence: -1, queuedMs, failures: 0 })
  }

  get hasInFlight(): boolean {
    return this.#inFlight.length > 0
  }

  get hasFailed(): boolean {
    return this.#failed.length > 0
  }

  /** Whether nothing has failed, or all that had is being sent again. */
  get isWell(): boolean {
    return !this.#isHeld && this.#failed.length === 0
  }

  get isSendable(): boolean {
    return !this.#isHeld && this.#queue.length > 0
  }

  /** When the oldest batch was queued that is not in flight; infinite where there is none. */
  get oldestMs(): number {
    return this.#queue[0]?.queuedMs ?? Infinity
  }

  /** The batch that may be sent next. */
  get next(): OutgoingBatch | undefined {
    return this.#isFirstAlone && this.#inFlight.length > 0 ? undefined : this.#queue[0]
  }

  /** Takes the next batch as in flight, and numbers it if it was never sent. */
  take(): OutgoingBatch {
    assert(!this.#isHeld, 'nothing is sent while failed batches wait to be sent before it')
    assert(this.#inFlight.length < inFlightMax, 'no more batches are in flight than brokers spot repeats of')
    const outgoing = this.#queue.shift()!
    if (outgoing.sequence < 0) {
      outgoing.sequence = this.#nextSequence
      this.#nextSequence = (this.#nextSequence + outgoing.batch.count) % sequenceCount
    }
    const before = this.#inFlight.at(-1)
    assert(before === undefined || isAfter(outgoing, before), 'batches are in flight in the order of their sequences')
    this.#inFlight.push(outgoing)
    return outgoing
  }

  stored(outgoing: OutgoingBatch): void {
    this.#isFirstAlone = false
    this.#landed(outgoing)
  }

  /** @param remedy - Of the first batch that fails; those after it fail because of that one. */
  failed(outgoing: OutgoingBatch, remedy: Remedy): void {
    if (this.#failed.length === 0) this.#remedy = remedy
    outgoing.failures++
    this.#failed.push(outgoing)
    this.#isHeld = true
    this.#landed(outgoing)
  }

  /**
   * Puts failed batches back in front once nothing is in flight, so that they are sent again after their remedy.
   *
   * @returns The remedy, and how often the first of them has failed; undefined while there is nothing to be done.
   */
  putBack(): { remedy: Remedy; failures: number } | undefined {
    if (this.#inFlight.length > 0 || this.#failed.length === 0) return undefined
    const { failures } = this.#failed[0]!
    this.#queue.unshift(...this.#failed.splice(0))
    return { remedy: this.#remedy, failures }
  }

  /** The remedy has come. */
  resume(): void {
    assert(this.#inFlight.length === 0, 'failed batches are sent again when all others have been answered')
    this.#isHeld = false
  }

  #landed(outgoing: OutgoingBatch): void {
    const place = this.#inFlight.indexOf(outgoing)
    assert(place >= 0, 'a batch is answered once, while it is in flight')
    this.#inFlight.splice(place, 1)
  }
}

/** Whether a batch follows another one, perhaps with some between, on the circle of sequences. */
function isAfter({ sequence }: OutgoingBatch, before: OutgoingBatch): boolean {
  const gap = (sequence - before.sequence - before.batch.count + sequenceCount) % sequenceCount
  return gap < sequenceCount / 2
}
