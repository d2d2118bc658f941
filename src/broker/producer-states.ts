import { type ErrorCode, errorCode } from '../protocol/index.ts'
import { batchHeader } from './batch.ts'

// As many batches as an idempotent producer may have in flight.
const batchesMax = 5
// The longest silent producer is forgotten beyond this many, as Kafka forgets them after a day.
const producersMax = 100_000
const sequenceMax = 0x7fffffff
/** The coordinator never changes its epoch, which markers carry too. */
const onlyCoordinatorEpoch = 0

interface SequencedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly maxTimestamp: number
}

/** What is known of a producer that has written to a partition. */
export interface KnownProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 when it has sent nothing under its epoch. */
  readonly lastSequence: number
  readonly lastTimestamp: number
  /** Of the coordinator that ended its last transaction; -1 when there is none. */
  readonly coordinatorEpoch: number
}

interface ProducerState {
  epoch: number
  lastTimestamp: number
  coordinatorEpoch: number
  /** The newest batches of this epoch, oldest first. */
  batches: SequencedBatch[]
}

export type SequenceVerdict =
  | { readonly kind: 'next' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly maxTimestamp: number }
  | { readonly kind: 'refused'; readonly error: ErrorCode }

/**
 * What one partition remembers of its idempotent producers: it appends every batch once, in the order it was made.
 *
 * @see Kafka's ProducerAppendInfo, whose rules these are
 */
export class ProducerStates {
  readonly #producers = new Map<number, ProducerState>()

  /**
   * Judges a batch that carries a producer id. An unknown producer may begin at any sequence, because its batches may
   * have been deleted; `isFirstZero` is set where that cannot be.
   */
  judge(batch: Buffer, isFirstZero: boolean): SequenceVerdict {
    const state = this.#producers.get(batchHeader.producerId(batch, 0))
    const epoch = batchHeader.producerEpoch(batch, 0)
    const { firstSequence, lastSequence } = sequencesOf(batch)
    const outOfOrder = { kind: 'refused', error: errorCode.outOfOrderSequenceNumber } as const
    if (state === undefined) return isFirstZero && firstSequence !== 0 ? outOfOrder : { kind: 'next' }
    if (epoch < state.epoch) return { kind: 'refused', error: errorCode.invalidProducerEpoch }
    if (epoch > state.epoch) return firstSequence === 0 ? { kind: 'next' } : outOfOrder

    const known = state.batches.find((b) => b.firstSequence === firstSequence && b.lastSequence === lastSequence)
    if (known !== undefined) return { ...known, kind: 'duplicate' }
    const last = state.batches.at(-1)?.lastSequence ?? -1
    return firstSequence === following(last) ? { kind: 'next' } : outOfOrder
  }

  /** Notes a batch that was appended. */
  appended(batch: Buffer, baseOffset: number): void {
    const state = this.#enter(batchHeader.producerId(batch, 0), batchHeader.producerEpoch(batch, 0))
    const maxTimestamp = batchHeader.maxTimestamp(batch, 0)
    state.lastTimestamp = maxTimestamp
    state.batches.push({ ...sequencesOf(batch), baseOffset, maxTimestamp })
    if (state.batches.length > batchesMax) state.batches.shift()
  }

  /** Whether a batch of the log holds the last that is known of its producer: its last sequence, or else its epoch. */
  isLast(batch: Buffer): boolean {
    const state = this.#producers.get(batchHeader.producerId(batch, 0))
    if (state === undefined) return false
    const last = state.batches.at(-1)
    if (last === undefined)
      return batchHeader.isControl(batch, 0) && batchHeader.producerEpoch(batch, 0) === state.epoch
    return batchHeader.baseOffset(batch, 0) === last.baseOffset
  }

  /** The epoch last seen of a producer, -1 when there is none. */
  epochOf(producerId: number): number {
    return this.#producers.get(producerId)?.epoch ?? -1
  }

  /** Notes the end of a transaction; one that raises the epoch makes sequences restart. */
  ended(producerId: number, epoch: number, timestampMs: number): void {
    const state = this.#enter(producerId, epoch)
    state.lastTimestamp = timestampMs
    state.coordinatorEpoch = onlyCoordinatorEpoch
  }

  /** All of them, the longest silent first. */
  *all(): Generator<KnownProducer> {
    for (const [producerId, { epoch, batches, lastTimestamp, coordinatorEpoch }] of this.#producers) {
      const lastSequence = batches.at(-1)?.lastSequence ?? -1
      yield { producerId, producerEpoch: epoch, lastSequence, lastTimestamp, coordinatorEpoch }
    }
  }

  /** Finds a producer's state, made anew for a new epoch, and puts it last in the order of silence. */
  #enter(producerId: number, epoch: number): ProducerState {
    const known = this.#producers.get(producerId)
    const state =
      known?.epoch === epoch
        ? known
        : { epoch, lastTimestamp: -1, coordinatorEpoch: known?.coordinatorEpoch ?? -1, batches: [] }
    this.#producers.delete(producerId)
    this.#producers.set(producerId, state)
    if (this.#producers.size > producersMax) this.#producers.delete(this.#producers.keys().next().value!)
    return state
  }
}

function sequencesOf(batch: Buffer): { firstSequence: number; lastSequence: number } {
  const firstSequence = batchHeader.baseSequence(batch, 0)
  // Sequences count to the greatest int32 and go on at 0.
  const lastSequence = (firstSequence + batchHeader.lastOffsetDelta(batch, 0)) % (sequenceMax + 1)
  return { firstSequence, lastSequence }
}

function following(sequence: number): number {
  return sequence === sequenceMax ? 0 : sequence + 1
}
