import { noSide, type RecordColumns } from '../../kernel/index.ts'
import type { PlannedSource } from '../topology/plan.ts'

/**
 * The timestamps of rows as the clock of records takes them, before the table has seen them. Where a field of the value
 * has the time, it was read of rows with a side only: those of others are of another kind, and do not count.
 */
export function observedTimes(
  { timestamp, side, count }: RecordColumns,
  { timestamp: field }: Pick<PlannedSource, 'timestamp'>,
): RecordColumns['timestamp'] {
  if (field === undefined) return timestamp
  return timestamp.slice(0, count).map((ms, row) => (side[row] === noSide ? -Infinity : ms))
}
