import { duplicateReasons, functionReasons, noSide, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import type { DeadLetterEncoder } from './dead-letter.ts'

/**
 * Counts the rows that have no side, and makes dead letters of those that were not filtered.
 *
 * @returns Whether a function has failed on any of them.
 */
export function divertRows(
  columns: RecordColumns,
  { filtered, deadLettered }: Pick<EpochCounts, 'filtered' | 'deadLettered'>,
  deadLetters: DeadLetterEncoder,
): boolean {
  const { partition, side, flags, count } = columns
  let hasFailures = false
  for (let row = 0; row < count; row++) {
    if (side[row] !== noSide) continue
    if ((flags[row]! & rowFlags.filtered) !== 0) filtered[partition]!++
    else {
      const reason = columns.reason[row]!
      hasFailures ||= functionReasons.has(reason)
      // The table has counted its duplicates.
      if (!duplicateReasons.has(reason)) deadLettered[partition]!++
      deadLetters.encode(columns, row)
    }
  }
  return hasFailures
}
