import type { RecordColumns } from '../../kernel/index.ts'
import type { RecordTables } from '../tables/record-tables.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { FunctionValues } from './function-values.ts'
import type { RecordView } from '../topology/record-view.ts'
import { viewOf } from './record-view.ts'
import { alreadySettled, type RowFunction } from './row-function.ts'

/** What the function of a step knows of a batch. */
export interface StepFacts<Apply> {
  readonly apply: Apply
  readonly values: FunctionValues
  /** Which partition the batch is of. */
  readonly place: PartitionPlace
  /** Those that functions get at; absent where the program has none. */
  readonly tables: RecordTables | undefined
}

/** The records of a batch, as a step on the way to the route meets them. */
export interface StepRows extends RowFunction {
  /** What was made of a row as JSON, null for no value; undefined where nothing was. */
  madeOf(row: number): Uint8Array | null | undefined
  /** All rows are settled: what was made of them takes effect. */
  finish(): void
}

/** Calls the function of a step with the value of a row. */
export function askOfValue(
  { apply, values, place, tables }: StepFacts<(value: unknown, record: RecordView) => unknown>,
  columns: RecordColumns,
  row: number,
): unknown {
  const value = values.parseOrUndefined(columns, row)
  // The decoder finds the same and knows the reason.
  return value === undefined ? alreadySettled : apply(value, viewOf(columns, row, place, tables))
}
