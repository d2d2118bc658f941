import { duplicateReasons, functionReasons, noSide, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import type { DeadLetterEncoder } from './dead-letter.ts'

/** What has become of rows. */
interface Diversion {
  /** Whether a function has failed on any of them. */
  readonly hasFailures: boolean
  /** How many are dead letters, duplicates apart. */
  readonly letterCount: number
}

/** Counts the rows that have no side, and makes dead letters of those that were not filtered. */
export function divertRows(
  columns: RecordColumns,
  { filtered, deadLettered }: Pick<EpochCounts, 'filtered' | 'deadLettered'>,
  deadLetters: DeadLetterEncoder,
): Diversion {
  const { side, flags, count } = columns
  let hasFailures = false
  let letterCount = 0
  for (let row = 0; row < count; row++) {
    if (side[row] !== noSide) continue
    if ((flags[row]! & rowFlags.filtered) !== 0) filtered[columns.numberOf(row)]!++
    else {
      const reason = columns.reason[row]!
      hasFailures ||= functionReasons.has(reason)
      // The table has counted its duplicates.
      if (!duplicateReasons.has(reason)) {
        deadLettered[columns.numberOf(row)]!++
        letterCount++
      }
      deadLetters.encode(columns, row)
    }
  }
  return { hasFailures, letterCount }
}
