import { assert } from '../../core/assert.ts'
import type { OffsetSet } from '../../kernel/index.ts'
import { type CheckpointRecords, partsOf } from '../checkpoint/checkpoint-records.ts'
import { partKey } from '../checkpoint/checkpoint-topic.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { PromotablePart } from './promotable-part.ts'
import { type PartPlace, PromotedPlaces } from './promoted-places.ts'

interface Place {
  readonly partition: number
  readonly offset: number
}

/** The promoted parts of a partition. */
interface Promoted {
  readonly offsets: Set<number>
  /** Goes round the offsets, to find those that are not pending any more. */
  readonly sweep: Iterator<number>
  /** All pending parts below are promoted. */
  reach: number
}

/**
 * Promoted parts of a partition that are looked at in an epoch, whether they are still pending: so many, and two for
 * each that is added.
 */
const sweptPerEpoch = 256

/**
 * Pending parts that stand in the checkpoint topic with their bytes, besides being named among the pending offsets: a
 * start need not read the source again from where they are, and they are not lost when the source drops them.
 *
 * A promoted part that has left is removed from the topic some epochs later; until then nothing asks for it.
 */
export class PromotedParts implements EpochParticipant {
  /** Where they are in the topic. */
  readonly places: PromotedPlaces
  /** Pending offsets, by partition. */
  readonly #sets: readonly OffsetSet[]
  readonly #partitions: Promoted[] = []
  /** To be promoted with the current epoch, if they are pending at its end. */
  #candidates: PromotablePart[] = []
  /** Whether overdue parts are among those, or were among those of the epoch that was closed last. */
  #hasOverdue = false
  #hasOverdueClosed = false
  /** What the epoch that was closed last changes; settled or forgotten. */
  #added: Place[] = []
  #removed: Place[] = []

  /** @param sets - Pending offsets, by partition; a source that grows adds to them first. */
  constructor(sets: readonly OffsetSet[], places = new PromotedPlaces()) {
    this.#sets = sets
    this.places = places
    this.grow()
  }

  /** Adds partitions of which nothing is promoted. */
  grow(): void {
    while (this.#partitions.length < this.#sets.length) {
      const offsets = new Set<number>()
      this.#partitions.push({ offsets, sweep: roundAndRound(offsets), reach: 0 })
    }
  }

  /** Goes on with what the topic holds. */
  static after(records: CheckpointRecords, sets: readonly OffsetSet[], places?: PromotedPlaces): PromotedParts {
    const promoted = new PromotedParts(sets, places)
    for (const { partition, offset } of partsOf(records)) promoted.#partitions[partition]!.offsets.add(offset)
    promoted.reachOn()
    return promoted
  }

  has(partition: number, offset: number): boolean {
    return this.#partitions[partition]!.offsets.has(offset)
  }

  /** All of them that are in the topic, some of which may have left. */
  *[Symbol.iterator](): Generator<PartPlace> {
    for (const [partition, { offsets }] of this.#partitions.entries()) {
      for (const offset of offsets) yield [partition, offset]
    }
  }

  /** The first pending offset from `from` on that is not promoted: a start reads the source from there. */
  firstNeeded(partition: number, from = 0): number | undefined {
    return this.#sets[partition]!.firstFrom(Math.max(from, this.#partitions[partition]!.reach))
  }

  /** Whether overdue parts are on their way: no others need be looked for. */
  get isPromoting(): boolean {
    return this.#hasOverdue || this.#hasOverdueClosed
  }

  /** Has overdue parts promoted with the current epoch, those that are still pending at its end. */
  addOverdue(parts: readonly PromotablePart[]): void {
    this.#candidates.push(...parts)
    this.#hasOverdue = true
  }

  /** Has a part promoted with the current epoch, if it is still pending at its end. */
  add(part: PromotablePart): void {
    this.#candidates.push(part)
  }

  close({ put }: ClosingEpoch): void {
    for (const { partition, offset, encode } of this.#candidates) {
      if (!this.#sets[partition]!.has(offset)) continue
      put(partKey(partition, offset), encode())
      this.#added.push({ partition, offset })
    }
    this.#candidates = []
    this.#hasOverdueClosed = this.#hasOverdue
    this.#hasOverdue = false
    const addedCounts = this.#partitions.map(() => 0)
    for (const { partition } of this.#added) addedCounts[partition]!++
    this.#partitions.forEach(({ offsets, sweep }, partition) => {
      const looks = Math.max(sweptPerEpoch, 2 * addedCounts[partition]!)
      for (let looked = Math.min(offsets.size, looks); looked > 0; looked--) {
        const offset: number = sweep.next().value
        if (this.#sets[partition]!.has(offset)) continue
        put(partKey(partition, offset), undefined)
        this.#removed.push({ partition, offset })
      }
    })
  }

  commit(): void {
    for (const { partition, offset } of this.#added) this.#partitions[partition]!.offsets.add(offset)
    for (const { partition, offset } of this.#removed) {
      assert(!this.#sets[partition]!.has(offset), 'a promoted part is removed only after it has left')
      this.#partitions[partition]!.offsets.delete(offset)
    }
    this.reachOn()
    this.#forget()
    this.places.forget(() => this)
  }

  rollback(): void {
    this.#candidates = []
    this.#hasOverdue = false
    this.#forget()
  }

  /** Finds anew up to where all pending parts are promoted. */
  reachOn(): void {
    this.#partitions.forEach((promoted, partition) => {
      if (promoted.offsets.size === 0) return
      const set = this.#sets[partition]!
      let first = set.firstFrom(promoted.reach)
      for (; first !== undefined && promoted.offsets.has(first); first = set.firstFrom(promoted.reach)) {
        promoted.reach = first + 1
      }
    })
  }

  #forget(): void {
    this.#hasOverdueClosed = false
    this.#added = []
    this.#removed = []
  }
}

/** The members of a set that changes, over and over; the caller stops while there are none. */
function* roundAndRound(set: Set<number>): Generator<number, never> {
  for (;;) yield* set
}
