import { type RecordColumns, valueOpener } from '../../kernel/index.ts'
import type { PlannedSource } from '../topology/plan.ts'

/**
 * Prepares rows that nobody has looked at yet for the steps of their source: finds their values in what stands around
 * them.
 *
 * @returns The offset after the rows that there was room for, where those were not all; the others are dropped.
 */
export type RowsOpener = (columns: RecordColumns) => number | undefined

/** Absent for a source whose records come to the route as they are. */
export function rowsOpener({
  decode,
  isPrepared,
}: Pick<PlannedSource, 'decode' | 'isPrepared'>): RowsOpener | undefined {
  if (!isPrepared) return undefined
  const open = typeof decode === 'object' ? valueOpener(decode.framing) : undefined
  return (columns) => {
    const { count } = columns
    columns.clearFindings()
    const opened = open?.(columns) ?? count
    return opened < count ? columns.offset[opened - 1]! + 1 : undefined
  }
}
