import { headerOf, noSide, plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { stageNames, unknownStage } from '../dead-letters/dead-letter-cause.ts'
import type { HeaderKey, RecordKey } from '../topology/key.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'

/** Gives rows the side that a header, or the key of the record, names. */
export function placedSides(
  plan: Plan,
  source: PlannedSource,
  by: HeaderKey | RecordKey,
): (columns: RecordColumns) => void {
  const what = by.kind === 'header' ? `the header ${JSON.stringify(by.name)} of the route` : 'the key of the record'
  const stages = stageNames(plan, source)
  const sides = new Map(source.sides.map((side) => [plan.sides[side]!.name, side]))
  const find = (columns: RecordColumns, row: number) =>
    by.kind === 'header' ? headerOf(columns, row, by.name) : plainRecord(columns, row).key
  return (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const name = nameIn(find(columns, row))
      const side = name === undefined ? undefined : sides.get(name)
      columns.side[row] = side ?? noSide
      if (side !== undefined || (source.isPrepared && columns.hasLeft(row))) continue
      columns.causes.set(row, name === undefined ? `${what} is missing` : unknownStage(`${what} has`, name, stages))
    }
  }
}

function nameIn(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}
