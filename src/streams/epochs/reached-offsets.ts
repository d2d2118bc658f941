import type { RecordColumns } from '../../kernel/index.ts'
import type { EpochCounts } from './epoch-counts.ts'

/**
 * Counts that an epoch has reached an offset of a partition, in all of its lanes: what they had no row of was skipped.
 *
 * @param rows - Rows that it has taken in of a batch; the others are still in the columns.
 * @param nextOffset - Offset after the batch.
 */
export function reachOffset(
  { nextOffsets, skipped }: Pick<EpochCounts, 'nextOffsets' | 'skipped'>,
  columns: RecordColumns,
  rows: number,
  nextOffset: number,
  lanes: readonly number[],
): void {
  const taken = lanes.length === 1 ? [rows] : rowsByLane(columns, rows, lanes.length)
  for (const [index, number] of lanes.entries()) {
    const next = reachedBy(columns, rows, index) ?? nextOffset
    skipped[number]! += next - nextOffsets[number]! - taken[index]!
    nextOffsets[number] = next
  }
}

/** Where a lane stands after so many rows; undefined where these are all. */
function reachedBy({ offset, lane, count }: RecordColumns, rows: number, index: number): number | undefined {
  if (rows === count) return undefined
  const last = offset[rows - 1]!
  // Where more is to come of the same record, the lanes after its last one have not passed it.
  return offset[rows] === last && index > lane[rows - 1]! ? last : last + 1
}

function rowsByLane({ lane }: RecordColumns, rows: number, laneCount: number): number[] {
  const counts = Array<number>(laneCount).fill(0)
  for (let row = 0; row < rows; row++) counts[lane[row]!]!++
  return counts
}
