import type { OffsetSet } from '../../kernel/index.ts'
import { type CheckpointRecords, partsOf } from './checkpoint-reader.ts'
import { partKey, type PutRecord } from './checkpoint-topic.ts'

/** Parts of one source partition, read again to be promoted: all that waited from the last promoted ones to `end`. */
export interface PromotionOffer {
  readonly partition: number
  readonly end: number
  /** A record batch for each, with that record alone, as the source would give it. */
  readonly parts: readonly { readonly offset: number; readonly batch: Uint8Array }[]
}

/** What of a partition stands in the checkpoint topic by value. */
interface Promoted {
  readonly offsets: Set<number>
  /** Goes round the offsets, to find those that do not wait any more. */
  readonly sweep: Iterator<number>
  /** All that waits below is promoted. */
  reach: number
}

/** Promoted parts of a partition that are looked at in an epoch, whether they still wait. */
const sweptPerEpoch = 256

/**
 * Parts that wait and stand in the checkpoint topic by value, besides being named among the pending offsets: a start need
 * not read the source again from where they are, and they are not lost when the source drops them.
 *
 * A promoted part that has left is removed from the topic some epochs later; until then nothing asks for it.
 */
export class PromotedParts {
  readonly #partitions: readonly Promoted[]
  /** To be written with the next epoch. */
  #offer: PromotionOffer | undefined
  /** What the epoch that was closed last changes; settled or forgotten. */
  #added: PromotionOffer | undefined
  #removed: { readonly partition: number; readonly offset: number }[] = []

  constructor(partitionCount: number) {
    this.#partitions = Array.from({ length: partitionCount }, () => {
      const offsets = new Set<number>()
      return { offsets, sweep: roundAndRound(offsets), reach: 0 }
    })
  }

  /** Goes on with what the topic holds. */
  static behind(records: CheckpointRecords, sets: readonly OffsetSet[]): PromotedParts {
    const promoted = new PromotedParts(sets.length)
    for (const { partition, offset } of partsOf(records)) promoted.#partitions[partition]!.offsets.add(offset)
    promoted.#partitions.forEach((each, partition) => {
      const set = sets[partition]!
      for (let first = set.firstFrom(0); first !== undefined && each.offsets.has(first);) {
        each.reach = first + 1
        first = set.firstFrom(each.reach)
      }
    })
    return promoted
  }

  has(partition: number, offset: number): boolean {
    return this.#partitions[partition]!.offsets.has(offset)
  }

  /** The first offset that waits and is not promoted: a start reads the source from there. */
  firstNeeded(partition: number, set: OffsetSet): number | undefined {
    return set.firstFrom(this.#partitions[partition]!.reach)
  }

  /** Whether an offer is on its way: the next one begins behind it. */
  get isPromoting(): boolean {
    return this.#offer !== undefined || this.#added !== undefined
  }

  /** Has parts promoted with the next epoch, those that still wait then. */
  offer(offer: PromotionOffer): void {
    this.#offer = offer
  }

  /** Writes what changes with an epoch that is being closed; `sets` are as of its end. */
  write(sets: readonly OffsetSet[], put: PutRecord): void {
    if (this.#offer !== undefined) {
      const { partition, end, parts } = this.#offer
      const waiting = parts.filter(({ offset }) => sets[partition]!.has(offset))
      for (const { offset, batch } of waiting) put(partKey(partition, offset), batch)
      this.#added = { partition, end, parts: waiting }
      this.#offer = undefined
    }
    this.#partitions.forEach(({ offsets, sweep }, partition) => {
      for (let looked = Math.min(offsets.size, sweptPerEpoch); looked > 0; looked--) {
        const offset: number = sweep.next().value
        if (sets[partition]!.has(offset)) continue
        put(partKey(partition, offset), undefined)
        this.#removed.push({ partition, offset })
      }
    })
  }

  /** The changes are permanent. */
  settle(): void {
    if (this.#added !== undefined) {
      const { partition, end, parts } = this.#added
      const promoted = this.#partitions[partition]!
      for (const { offset } of parts) promoted.offsets.add(offset)
      promoted.reach = end
    }
    for (const { partition, offset } of this.#removed) this.#partitions[partition]!.offsets.delete(offset)
    this.#forget()
  }

  /** The changes have not happened. */
  rollback(): void {
    this.#offer = undefined
    this.#forget()
  }

  #forget(): void {
    this.#added = undefined
    this.#removed = []
  }
}

/** The members of a set that changes, over and over; the caller stops while there are none. */
function* roundAndRound(set: Set<number>): Generator<number, never> {
  for (;;) yield* set
}
