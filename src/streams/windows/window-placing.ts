import type { Participating } from '../epochs/epoch-participant.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import type { PlannedChanges } from './planned-change.ts'
import type { WindowRow } from './window-row.ts'
import type { WindowRows } from './window-rows.ts'

/** In place of a dead-letter code: all windows of the record have closed. */
export const lateRecord = -1

/** Finds the windows of records. */
export interface WindowPlacing {
  /**
   * Plans what a record, which the folding has read, makes of its windows.
   *
   * @param nowMs - The time with that record.
   * @param key - As the names of its rows have it.
   * @returns 0, a dead-letter code, or `lateRecord`.
   */
  plan(
    timestamp: number,
    nowMs: number,
    key: string,
    changes: PlannedChanges,
    columns: RecordColumns,
    row: number,
  ): number
  /** What a window has come to whose row has a name; undefined where that is no window, or one without a record. */
  resultOf(name: string, row: WindowRow): WindowRow | undefined
  /** Why the last result has no value. */
  readonly failure: string | undefined
  /** Why a record is too much for its windows, where the default text does not say it. */
  readonly whyTooLarge: string | undefined
}

export type PlacedRows = Pick<Participating<WindowRows>, 'get' | 'timesOf'>
