import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import { deadLetterReasons, noSide, type PendingTable, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import { areEqualDigests, type Digest, emptyDigest } from '../checkpoint/digest.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { ColdParts } from '../cold/cold-parts.ts'
import type { Accounting } from '../epochs/accounting.ts'
import type { Epochs } from '../epochs/epochs.ts'
import type { RetakenParts } from '../epochs/retaken-parts.ts'
import type { ToldNumbers } from '../lists/told-numbers.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import { wantedAmong, type WantedParts } from '../retention/promoted-places.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { PartsReadAgain } from './parts-read-again.ts'

/** Parts that a table has before a restoration: pending ones, all from below some offsets. */
export interface RestorationBase {
  readonly count: number
  /** By task. */
  readonly digests: readonly Digest[]
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
  readonly readAgain: PartsReadAgain
  /** Absent where all pending parts are in the table. */
  readonly cold: ColdParts | undefined
  /** What the table has already. */
  readonly base: RestorationBase | undefined
  /** Those that are taken in again. */
  readonly retaken: RetakenParts
  /** Whether the digest is known of what is to be restored: not where some of its parts are lost. */
  readonly hasDigest: boolean
  /** Which partition each number means, for people. */
  readonly partitions: Pick<SourcePartitions, 'placeOf' | 'text'>
}

/** Of the table, what stays each time when it is full: a look at all rows is paid for by those that move out. */
const keptShare = 3 / 4

/**
 * What is to be read again: the parts that the last committed epoch left pending and that the table lacks. They come
 * from the checkpoint, where they are promoted, else from the sources. Epochs begin when they are all there, and are the
 * same. Where this version of the program gives them other keys, that cannot be asked; then all of them are taken in
 * again, in an epoch of their own (`RetakenParts`), and only their number is compared. A rollback of that epoch begins
 * anew.
 *
 * State: whether they are.
 */
export class Restoration {
  readonly #parts: RestorationParts
  #base: RestorationBase
  #count: number
  /** By task; absent where they are not known. */
  #digests: readonly Digest[] | undefined
  /** Those that are there. */
  #restoredCount: number
  #restoredDigests: Digest[]
  #isDone = false
  #isFirst = true

  constructor(parts: RestorationParts) {
    const { table, pending, hasDigest } = parts
    const { base = nothingOf(pending) } = parts
    this.#parts = parts
    this.#base = base
    this.#count = pending.count
    this.#digests = hasDigest ? pending.digests : undefined
    this.#restoredCount = base.count
    this.#restoredDigests = [...base.digests]
    // What is pending was in a table before, and room is made only once it is there.
    table.isLimited = false
    if (base.count === this.#count) this.finish()
  }

  /** Whether the table has all pending parts. */
  get isDone(): boolean {
    const { retaken } = this.#parts
    return this.#isDone && (!retaken.isDue || retaken.isWhole)
  }

  /** Those for which the source is not read. */
  get promoted(): WantedParts {
    const { promoted, pending } = this.#parts
    const areMissing = pending.sets.map((_, partition) => this.missing(partition, true))
    return wantedAmong(this.isDone ? [] : promoted, (partition, offset) => areMissing[partition]!(offset))
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

  /** The table has lost all rows: what the last committed epoch has left pending is read again. */
  repeat(): void {
    const { pending } = this.#parts
    this.#base = nothingOf(pending)
    this.#count = pending.count
    this.#digests = pending.digests
    this.#restoredCount = 0
    this.#restoredDigests = [...this.#base.digests]
    this.#isDone = this.#count === 0
  }

  /** What an earlier life has read is read again: nothing of it is kept that its rollback has not undone. */
  beginAnew(): void {
    const { cold, table } = this.#parts
    if (this.isDone || cold?.isEmpty !== false) return
    table.retain(() => false)
    table.settle()
    cold.forget()
    this.#restoredCount = this.#base.count
    this.#restoredDigests = [...this.#base.digests]
  }

  /**
   * Takes in parts that are missing. Where they are more than the table may hold, the oldest rows move out.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not pending this time, `CHECKPOINT_INCOMPATIBLE` where
   * another version of the program made them, or `TABLE_FULL`.
   */
  take(columns: RecordColumns): void {
    assert(!this.isDone, 'parts are restored before the first epoch')
    const { readAgain, cold, table } = this.#parts
    readAgain.take(columns)
    if (cold === undefined || table.liveBytes <= cold.tableBytesMax) return
    this.#takeCount(table)
    table.settle()
    cold.moveOut(table.liveBytes - cold.tableBytesMax * keptShare)
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
   * @param changes - What has come to be pending. @defaultValue what the table says
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not the ones that the checkpoint names.
   */
  finish(changes: Pick<PendingTable, 'epochChanges'> = this.#parts.table): void {
    assert(!this.isDone, 'a restoration ends once')
    const { table, retaken, epochs } = this.#parts
    if (retaken.isDue) this.#endRetaken()
    else this.#settle(changes)
    table.isLimited = true
    this.#isDone = true
    if (this.#isFirst) epochs.begin()
    this.#isFirst = false
  }

  #settle(changes: Pick<PendingTable, 'epochChanges'>): void {
    const { table, pending, cold } = this.#parts
    this.#takeCount(changes)
    const isSame = this.#digests?.every((each, task) => areEqualDigests(this.#restoredDigests[task]!, each)) ?? true
    if (this.#restoredCount !== this.#count || !isSame) throw this.#countsDiffer(this.#restoredCount)
    table.settle()
    cold?.unite()
    pending.redigest(this.#restoredDigests)
  }

  /** Counts what has come into the table since it was settled. */
  #takeCount(changes: Pick<PendingTable, 'epochChanges'>): void {
    const { pending } = this.#parts
    changes.epochChanges((partition, _chunk, _bits, added, growth) => {
      this.#restoredCount += added
      pending.addGrowth(this.#restoredDigests, partition, growth)
    })
  }

  /** They are all different, so their number says that nothing is missing; their keys were other ones before. */
  #endRetaken(): void {
    const { retaken } = this.#parts
    if (retaken.count !== this.#count) throw this.#countsDiffer(retaken.count)
    retaken.end()
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
}

function nothingOf({ digests }: PendingOffsets): RestorationBase {
  return { count: 0, digests: digests.map(() => emptyDigest), nextOffsets: [] }
}
