import type { RecordColumns } from './columns.ts'
import { type CarryingPart, carryingPart } from './pending-row.ts'
import type { TableMachine } from './table-machine.ts'

/** The parts of the row that the table publishes now, by side: all but the one that has completed it are in the table. */
export function mergedParts(
  machine: TableMachine,
  sideCount: number,
  columns: RecordColumns,
  completing: number,
): CarryingPart[] {
  const { words } = machine
  const from = machine.run.blocks.value / 4
  const parts: CarryingPart[] = []
  for (let side = 0; side < sideCount; side++) {
    const block = words[from + side]!
    parts.push(block === 0 ? rowPart(columns, completing, side) : carryingPart(words, block >>> 2))
  }
  return parts
}

function rowPart(columns: RecordColumns, row: number, side: number): CarryingPart {
  const { extra, offset, timestamp, carriedStart, carriedEnd } = columns
  const [start, end] = [carriedStart[row]!, carriedEnd[row]!]
  return {
    partition: columns.numberOf(row),
    offset: offset[row]!,
    side,
    timestamp: timestamp[row]!,
    carried: start === end ? undefined : extra.bytes.subarray(start, end),
  }
}
