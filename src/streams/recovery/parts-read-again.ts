import { MillraceError } from '../../core/errors.ts'
import { noSide, type PendingTable, type RecordColumns } from '../../kernel/index.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import type { ToldNumbers } from '../lists/told-numbers.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'

export interface PartsReadAgainParts {
  readonly table: PendingTable
  readonly told: ToldNumbers | undefined
  /** Whether the parts were made by another version of the program. */
  readonly isMigrated: boolean
  /** Which partition each number means, for people. */
  readonly partitions: Pick<SourcePartitions, 'placeOf' | 'text'>
}

/** The lane of a row is a byte. */
const lanesMax = 256

/** Takes pending parts into the table that were in one before: anything else about them has happened in their epochs. */
export class PartsReadAgain {
  readonly #parts: PartsReadAgainParts
  /** Counters that mean nothing: these offsets have been counted. */
  #counts = new EpochCounts([])

  constructor(parts: PartsReadAgainParts) {
    this.#parts = parts
  }

  /**
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not pending this time, or `CHECKPOINT_INCOMPATIBLE` where
   * another version of the program made them.
   */
  take(columns: RecordColumns): void {
    const { table, told } = this.#parts
    const { partition, count, side, offset } = columns
    const numbers = partition + lanesMax
    if (this.#counts.nextOffsets.length < numbers) this.#counts = this.#counts.grown(numbers)
    const mergedBefore = this.#counts.mergedRows
    told?.take(columns)
    table.apply(columns, this.#counts)
    if (this.#counts.mergedRows !== mergedBefore) throw this.notTheSame(partition, offset[0]!)
    for (let row = 0; row < count; row++) if (side[row] === noSide) throw this.notTheSame(partition, offset[row]!)
  }

  /** What is read again completes nothing: its last part was not there yet. */
  notTheSame(number: number, offset: number): MillraceError {
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
