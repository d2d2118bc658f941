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
  const blocks = machine.int32('blocks', sideCount)
  return Array.from(blocks, (block, side) =>
    block === 0 ? { ...rowPart(columns, completing), side } : carryingPart(machine.words, block >>> 2),
  )
}

function rowPart(columns: RecordColumns, row: number): Omit<CarryingPart, 'side'> {
  const { extra, offset, timestamp, carriedStart, carriedEnd } = columns
  const [from, to] = [carriedStart[row]!, carriedEnd[row]!]
  return {
    partition: columns.numberOf(row),
    offset: offset[row]!,
    timestamp: timestamp[row]!,
    carried: from === to ? undefined : extra.bytes.subarray(from, to),
  }
}
