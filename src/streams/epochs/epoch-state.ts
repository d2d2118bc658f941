import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import {
  type FetchedPartition,
  noSide,
  type OutputBuilder,
  type PendingTable,
  type RecordColumns,
} from '../../kernel/index.ts'
import { type Accounting, accountsOf, EpochCounts, type PartitionAccount } from './accounting.ts'
import { type CheckpointWriter, putInto } from '../checkpoint/checkpoint-writer.ts'
import { addDigests, areEqualDigests, type Digest, emptyDigest } from '../checkpoint/digest.ts'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { PartitionLoss } from './loss.ts'
import type { RememberedKeys } from '../deduplication/remembered-keys.ts'

/** What every manifest of a program says alike. */
export type ProgramIdentity = Pick<Manifest, 'topology' | 'outputs' | 'outputIds' | 'expiry' | 'sourceId' | 'hashSeed'>

/** Parts that a table has before a restoration: of what waits, all from below some offsets. */
export interface RestorationBase {
  readonly count: number
  readonly digest: Digest
  /** By source partition. */
  readonly nextOffsets: readonly number[]
}

/** Parts that the last committed epoch left waiting and that are read from the source once more, into a table that lacks them. */
export interface Restoration {
  /** Of all that wait. */
  readonly count: number
  readonly base: RestorationBase
  /** Absent where some of the parts that it is over are lost. */
  readonly digest: Digest | undefined
  /** Counters that mean nothing: these offsets have been counted. */
  readonly counts: EpochCounts
  /** Parts for which the source is not read. */
  readonly promoted: readonly FetchedPartition[]
}

export interface EpochStateParts {
  identity: ProgramIdentity
  table: PendingTable
  accounting: Accounting
  /** Of the last committed epoch; 0 before the first. */
  epoch: number
  pending: PendingOffsets
  promoted: PromotedParts
  /** The promoted parts themselves. @defaultValue none */
  promotedBatches?: readonly FetchedPartition[]
  writer: CheckpointWriter
  /** Absent where nothing expires by event time. */
  eventClock: EventClock | undefined
  /** Absent where completed keys are not remembered. */
  remembered?: RememberedKeys | undefined
  /** What the source has lost since, by partition; accepted, so the first epoch counts it. */
  loss?: readonly PartitionLoss[] | undefined
  /** What the table has already. @defaultValue nothing */
  base?: RestorationBase | undefined
}

/**
 * All that epochs change: the table, the account, which offsets wait, and what of that stands in the checkpoint topic.
 * They go forward and back together.
 *
 * State: the last committed epoch; behind it at most one that is closed and on its way to the broker; the one at hand.
 */
export class EpochState {
  readonly table: PendingTable
  readonly accounting: Accounting
  readonly pending: PendingOffsets
  readonly promoted: PromotedParts
  readonly eventClock: EventClock | undefined
  readonly #remembered: RememberedKeys | undefined
  readonly #writer: CheckpointWriter
  readonly #identity: ProgramIdentity
  /** Of the last committed epoch. */
  #epoch: number
  #isCommitting = false
  #restoration: Restoration | undefined
  /** Until an epoch with it has committed. */
  #loss: readonly PartitionLoss[] | undefined

  constructor(parts: EpochStateParts) {
    const { identity, table, accounting, epoch, pending, promoted, writer, eventClock, remembered, loss } = parts
    this.#identity = identity
    this.table = table
    this.accounting = accounting
    this.#epoch = epoch
    this.pending = pending
    this.promoted = promoted
    this.#writer = writer
    this.eventClock = eventClock
    this.#remembered = remembered
    this.#loss = loss
    this.#countLoss()
    const { promotedBatches = [], base = { count: 0, digest: emptyDigest, nextOffsets: [] } } = parts
    const counts = new EpochCounts(accounting.committedOffsets)
    const digest = loss === undefined ? pending.digest : undefined
    this.#restoration = { count: pending.count, base, digest, counts, promoted: promotedBatches }
    // What waits was in a table before, and room is made only once it is there.
    table.isLimited = false
    if (base.count === pending.count) this.finishRestoration()
  }

  /** The last committed epoch; 0 before the first. */
  get epoch(): number {
    return this.#epoch
  }

  /** Source partitions that the state is of. */
  get partitionCount(): number {
    return this.pending.sets.length
  }

  /**
   * Takes in partitions that the source was given: they are consumed from offset 0 on. They belong to the current epoch, and to the
   * ones before it as partitions of which nothing was consumed.
   *
   * @param logEnds - Offsets behind the last records of the source.
   */
  grow(logEnds: readonly number[]): void {
    assert(this.#restoration === undefined, 'a source grows when all pending parts are in the table')
    const { accounting, pending, promoted, eventClock } = this
    for (const part of [accounting, pending, promoted, this.#writer]) part.grow(logEnds.length)
    eventClock?.grow(logEnds.map((end) => end > 0))
  }

  /** The time that rows expire by and completed keys are forgotten by. */
  nowMs(timeOfDayMs: number): number {
    return this.eventClock?.nowMs() ?? timeOfDayMs
  }

  /** Set while the table lacks parts that wait. */
  get restoration(): Restoration | undefined {
    return this.#restoration
  }

  /** Whether a loss has been accepted and has not committed yet. */
  get hasLoss(): boolean {
    return this.#loss !== undefined
  }

  /** Whether the loss is to be committed, which takes no row, but the table as it was. */
  get isLossDue(): boolean {
    return this.hasLoss && this.#restoration === undefined
  }

  /** Offset to read first, by partition. */
  get firstOffsets(): number[] {
    const base = this.#restoration?.base
    return Array.from(this.accounting.current.nextOffsets, (next, partition) => {
      if (base === undefined) return next
      return this.promoted.firstNeeded(partition, this.pending.sets[partition]!, base.nextOffsets[partition]) ?? next
    })
  }

  /**
   * Which offsets of a partition a restoration takes in.
   *
   * @param isPromoted - Those that are read from the checkpoint, else those that are read from the source.
   */
  missing(partition: number, isPromoted: boolean): (offset: number) => boolean {
    const { promoted } = this
    const set = this.pending.sets[partition]!
    const from = this.#restoration!.base.nextOffsets[partition] ?? 0
    const end = this.accounting.committedOffsets[partition]!
    return (offset) =>
      offset >= from && offset < end && set.has(offset) && promoted.has(partition, offset) === isPromoted
  }

  /**
   * Takes in parts that are missing; anything else about them has happened in earlier epochs.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they do not wait this time.
   */
  restore(columns: RecordColumns): void {
    const { counts } = this.#restoration!
    const { partition } = columns
    const emittedBefore = counts.emitted[partition]!
    this.table.apply(columns, counts)
    if (counts.emitted[partition] !== emittedBefore) throw notTheSame(partition, columns.offset[0]!)
    for (let row = 0; row < columns.count; row++) {
      if (columns.side[row] === noSide) throw notTheSame(partition, columns.offset[row]!)
    }
  }

  /**
   * All parts that wait have been read: they are in the table for good.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not the ones that the checkpoint names.
   */
  finishRestoration(): void {
    const { table } = this
    const { count, base, digest } = this.#restoration!
    let restoredCount = base.count
    const added = table.epochChanges((_partition, _chunk, _bits, added) => (restoredCount += added))
    const restored = addDigests(base.digest, added)
    if (restoredCount !== count || (digest !== undefined && !areEqualDigests(restored, digest))) {
      throw new MillraceError(
        'CHECKPOINT_CORRUPT',
        `the checkpoint names ${count} parts that wait, but reading the source again gave ${restoredCount}, or others`,
        { expected: count, restored: restoredCount },
      )
    }
    table.isLimited = true
    table.beginEpoch()
    table.commitEpoch()
    this.pending.redigest(restored)
    this.#restoration = undefined
  }

  /**
   * Closes the epoch at hand, writes its checkpoint, and begins the next one.
   *
   * @returns The offsets behind it.
   */
  close(out: OutputBuilder, closedMs: number): Float64Array {
    assert(!this.#isCommitting, 'an epoch is closed when the one before has committed')
    assert(this.#restoration === undefined, 'an epoch is closed when all that waits is in the table')
    const { table, accounting, pending } = this
    pending.apply(table)
    this.#writer.write(
      out,
      { pending, promoted: this.promoted },
      {
        format: manifestFormat,
        epoch: this.#epoch + 1,
        closedMs,
        ...this.#identity,
        ...accounting.snapshot(),
        completed: this.#remembered?.close(putInto(out), this.nowMs(closedMs)),
        eventTimes: this.eventClock?.close(),
        pending: pending.count,
        digest: pending.digest,
      },
    )
    const { nextOffsets } = accounting.current
    this.#isCommitting = true
    table.beginEpoch()
    accounting.beginEpoch()
    return nextOffsets
  }

  /** The closed epoch is durable. */
  commit(): void {
    assert(this.#isCommitting, 'an epoch is closed before it is committed')
    this.table.commitEpoch()
    this.accounting.commitEpoch()
    this.pending.settle()
    this.promoted.settle(this.pending.sets)
    this.#writer.settle()
    this.#remembered?.settle()
    this.eventClock?.settle()
    this.#loss = undefined
    this.#epoch++
    this.#isCommitting = false
  }

  /**
   * Goes to where the broker says the program is: the closed epoch has happened or it has not; the one at hand has not.
   *
   * @param durableEpoch - The last epoch with a manifest; 0 when there is none.
   * @throws MillraceError `CHECKPOINT_FOREIGN` when that is neither of the two.
   */
  settleAt(durableEpoch: number): void {
    if (this.#isCommitting && durableEpoch === this.#epoch + 1) this.commit()
    if (durableEpoch !== this.#epoch) {
      throw new MillraceError(
        'CHECKPOINT_FOREIGN',
        `the checkpoint is at epoch ${durableEpoch}, this process at epoch ${this.#epoch}: another process has gone on with the program`,
        { durableEpoch, epoch: this.#epoch },
      )
    }
    this.rollback()
  }

  /** Undoes what has not committed. */
  rollback(): void {
    // A broken table ends the program: only what is reported of the epochs before is of use.
    if (!this.table.isBroken) this.table.rollback()
    this.accounting.rollback()
    this.pending.rollback()
    this.promoted.rollback()
    this.#writer.rollback()
    this.#remembered?.rollback()
    this.eventClock?.rollback()
    this.#isCommitting = false
    this.#countLoss()
  }

  /** What became of the offsets of each source partition, as of the last committed epoch. */
  committedAccounts(): PartitionAccount[] {
    const pending = this.pending.sets.map(({ settledCount }) => settledCount)
    return accountsOf(this.accounting.committed(), pending)
  }

  /** What is lost waits no more and is not read any more, as of the epoch at hand. */
  #countLoss(): void {
    const { lost, nextOffsets } = this.accounting.current
    this.#loss?.forEach(({ waiting, unread }, partition) => {
      for (const offset of waiting) this.pending.sets[partition]!.delete(offset)
      lost[partition]! += waiting.length + unread
      nextOffsets[partition]! += unread
    })
    // What was lost is not needed from the source any more.
    if (this.#loss !== undefined) this.promoted.reachOn(this.pending.sets)
  }
}

/** What is restored completes nothing: its last part was not there yet. */
function notTheSame(partition: number, offset: number): MillraceError {
  return new MillraceError(
    'CHECKPOINT_CORRUPT',
    `a part from offset ${offset} on of source partition ${partition} waited, and does not wait when it is read again: a function of the program has changed, or gives another result each time`,
    { partition, offset },
  )
}
