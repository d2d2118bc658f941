import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import {
  deadLetterReasons,
  type FetchedPartition,
  noSide,
  type PendingTable,
  type RecordColumns,
  rowFlags,
} from '../../kernel/index.ts'
import { addDigests, areEqualDigests, type Digest, emptyDigest } from '../checkpoint/digest.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { Accounting } from '../epochs/accounting.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import type { Epochs } from '../epochs/epochs.ts'
import type { RetakenParts } from '../epochs/retaken-parts.ts'
import type { ToldNumbers } from '../lists/told-numbers.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'

/** Parts that a table has before a restoration: pending ones, all from below some offsets. */
export interface RestorationBase {
  readonly count: number
  readonly digest: Digest
  /** By source partition. */
  readonly nextOffsets: readonly number[]
}

export interface RestorationParts {
  readonly table: PendingTable
  readonly pending: PendingOffsets
  readonly promoted: PromotedParts
  readonly accounting: Accounting
  readonly epochs: Epochs
  readonly told: ToldNumbers | undefined
  /** What the table has already. */
  readonly base: RestorationBase | undefined
  /** Those that are taken in again. */
  readonly retaken: RetakenParts
  /** The promoted parts themselves, of those that are not taken in again. */
  readonly promotedBatches: readonly FetchedPartition[]
  /** Whether some of the parts that the digest is over are lost. */
  readonly hasLoss: boolean
  /** Whether the parts were made by another version of the program. */
  readonly isMigrated: boolean
  /** Which partition each number means, for people. */
  readonly partitions: Pick<SourcePartitions, 'placeOf' | 'text'>
}

const nothing: RestorationBase = { count: 0, digest: emptyDigest, nextOffsets: [] }

/**
 * What is to be read again: the parts that the last committed epoch left pending and that the table lacks. They come
 * from the checkpoint, where they are promoted, else from the sources. Epochs begin when they are all there, and are the
 * same. Where this version of the program gives them other keys, that cannot be asked; then all of them are taken in
 * again, in an epoch of their own (`RetakenParts`), and only their number is compared. A rollback of that epoch begins
 * anew.
 *
 * State: whether they are; the parts from the checkpoint, until then.
 */
export class Restoration {
  readonly #parts: RestorationParts
  readonly #base: RestorationBase
  readonly #count: number
  readonly #digest: Digest | undefined
  /** Counters that mean nothing: these offsets have been counted. */
  readonly #counts: EpochCounts
  #promotedBatches: readonly FetchedPartition[]
  #isDone = false

  constructor(parts: RestorationParts) {
    const { table, pending, accounting, base = nothing, promotedBatches, hasLoss } = parts
    this.#parts = parts
    this.#base = base
    this.#count = pending.count
    this.#digest = hasLoss ? undefined : pending.digest
    this.#counts = new EpochCounts(accounting.committedOffsets)
    this.#promotedBatches = promotedBatches
    // What is pending was in a table before, and room is made only once it is there.
    table.isLimited = false
    if (base.count === this.#count) this.finish()
  }

  /** Whether the table has all pending parts. */
  get isDone(): boolean {
    const { retaken } = this.#parts
    return this.#isDone && (!retaken.isDue || retaken.isWhole)
  }

  /** Pending parts for which the source is not read. */
  get promotedBatches(): readonly FetchedPartition[] {
    const { retaken } = this.#parts
    return retaken.isDue && !this.isDone ? retaken.promoted : this.#promotedBatches
  }

  /** Offset to read first, by partition. */
  get firstOffsets(): number[] {
    const { accounting, promoted } = this.#parts
    return Array.from(accounting.current.nextOffsets, (next, partition) => {
      if (this.isDone) return next
      return promoted.firstNeeded(partition, this.#base.nextOffsets[partition]) ?? next
    })
  }

  /**
   * Which offsets of a partition are to be taken in.
   *
   * @param isPromoted - Those that are read from the checkpoint, else those that are read from the source.
   */
  missing(partition: number, isPromoted: boolean): (offset: number) => boolean {
    const { promoted, pending, accounting } = this.#parts
    const set = pending.sets[partition]!
    const from = this.#base.nextOffsets[partition] ?? 0
    const end = accounting.committedOffsets[partition]!
    return (offset) =>
      offset >= from && offset < end && set.has(offset) && promoted.has(partition, offset) === isPromoted
  }

  /**
   * Takes in parts that are missing; anything else about them has happened in earlier epochs.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not pending this time, or `CHECKPOINT_INCOMPATIBLE` where
   * another version of the program made them.
   */
  take(columns: RecordColumns): void {
    assert(!this.isDone, 'parts are restored before the first epoch')
    const { partition } = columns
    const counts = this.#counts
    this.#parts.told?.take(columns)
    const mergedBefore = counts.mergedRows
    this.#parts.table.apply(columns, counts)
    if (counts.mergedRows !== mergedBefore) throw this.#notTheSame(partition, columns.offset[0]!)
    for (let row = 0; row < columns.count; row++) {
      if (columns.side[row] === noSide) throw this.#notTheSame(partition, columns.offset[row]!)
    }
  }

  /**
   * Takes in parts again, in the current epoch: what they complete is merged, and those of which their row has one
   * already are duplicates.
   *
   * @throws MillraceError `CHECKPOINT_INCOMPATIBLE` where this version of the program makes no part of one.
   */
  takeAgain(columns: RecordColumns): void {
    assert(!this.isDone, 'parts are taken in again before anything new')
    const { table, told, accounting, retaken } = this.#parts
    for (let row = 0; row < columns.count; row++) {
      if (columns.side[row] === noSide) throw this.#makesNoPart(columns, row)
    }
    told?.take(columns)
    table.isLimited = false
    table.apply(columns, accounting.current)
    retaken.note(columns.count)
  }

  /** Whether all pending parts have been read, where the source was read up to these offsets. */
  isReadAt(offsets: ArrayLike<number>): boolean {
    const { committedOffsets } = this.#parts.accounting
    return committedOffsets.every((end, partition) => offsets[partition]! >= end)
  }

  /**
   * All pending parts have been read: they are in the table for good, and the first epoch begins.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not the ones that the checkpoint names.
   */
  finish(): void {
    assert(!this.isDone, 'a restoration ends once')
    const { table, retaken, epochs } = this.#parts
    if (retaken.isDue) this.#endRetaken()
    else this.#settle()
    table.isLimited = true
    const isFirst = !this.#isDone
    this.#isDone = true
    if (isFirst) epochs.begin()
  }

  #settle(): void {
    const { table, pending } = this.#parts
    const digest = this.#verify()
    table.settle()
    pending.redigest(digest)
    this.#promotedBatches = []
  }

  /** They are all different, so their number says that nothing is missing; their keys were other ones before. */
  #endRetaken(): void {
    const { retaken } = this.#parts
    if (retaken.count !== this.#count) throw this.#countsDiffer(retaken.count)
    retaken.end()
  }

  /** Compares number and digest of the parts in the table with what the checkpoint says. */
  #verify(): Digest {
    const { count, digest } = this.#base
    let restoredCount = count
    const added = this.#parts.table.epochChanges((_partition, _chunk, _bits, added) => (restoredCount += added))
    const restored = addDigests(digest, added)
    if (restoredCount === this.#count && (this.#digest === undefined || areEqualDigests(restored, this.#digest))) {
      return restored
    }
    throw this.#countsDiffer(restoredCount)
  }

  #countsDiffer(restored: number): MillraceError {
    return new MillraceError(
      'CHECKPOINT_CORRUPT',
      `the checkpoint names ${this.#count} pending parts, but reading the source again gave ${restored}, or others`,
      { expected: this.#count, restored },
    )
  }

  /** It could never be pending, and nothing that was is dropped without a word. */
  #makesNoPart({ partition, offset, reason, flags, causes }: RecordColumns, row: number): MillraceError {
    const { partitions } = this.#parts
    const isFiltered = (flags[row]! & rowFlags.filtered) !== 0
    const why = isFiltered ? 'it is filtered' : (causes.get(row) ?? deadLetterReasons[reason[row]!]!.text)
    const text = `the record at offset ${offset[row]} of ${partitions.text(partition)} is pending, and this version of the program makes no part of it (${why}): nothing has changed, start the version before`
    return new MillraceError('CHECKPOINT_INCOMPATIBLE', text, {
      ...partitions.placeOf(partition),
      offset: offset[row]!,
    })
  }

  /** What is restored completes nothing: its last part was not there yet. */
  #notTheSame(number: number, offset: number): MillraceError {
    const { partitions, isMigrated } = this.#parts
    if (isMigrated) {
      const text = `the record at offset ${offset} or after it of ${partitions.text(number)} is pending, and this version of the program makes no part of it: nothing has changed, start the version before`
      return new MillraceError('CHECKPOINT_INCOMPATIBLE', text, { ...partitions.placeOf(number), offset })
    }
    return new MillraceError(
      'CHECKPOINT_CORRUPT',
      `a part from offset ${offset} on of ${partitions.text(number)} was pending, and is not when it is read again: a function of the program has changed, or gives another result each time`,
      { ...partitions.placeOf(number), offset },
    )
  }
}
