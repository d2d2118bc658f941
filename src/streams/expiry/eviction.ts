import type { PendingTable } from '../../kernel/index.ts'

/** Of the bytes of the table, which an eviction frees at least. */
const freedShare = 1 / 8
/** Rows whose age tells how old the oldest rows are, at least. */
const sampleRowsMin = 4_096

/** The oldest rows of a table are leaving, until enough of them have, or all of an age. */
export interface Eviction {
  /** Rows with a part of this time or before leave. */
  readonly limitMs: number
  /** Of rows that are still to leave. */
  bytesLeft: number
  /** Sweeps that have to end before all rows have been looked at. */
  sweepsLeft: number
}

/** What is looked at to find the oldest rows. */
type SurveyedTable = Pick<PendingTable, 'liveBytes' | 'rowCount' | 'survey'>

/**
 * Begins to free an eighth of a table, or so much that seven eighths of `bytesMax` are left: how old the oldest rows are
 * that take so much is told by a sample of them.
 *
 * @param isSweeping - Whether a sweep is under way, which does not look at all rows any more.
 */
export function evictionOf(table: SurveyedTable, bytesMax: number, isSweeping: boolean): Eviction {
  const bytesLeft = Math.max(table.liveBytes - bytesMax * (1 - freedShare), table.liveBytes * freedShare)
  const limitMs = oldestLimitMs(table, bytesLeft)
  return { limitMs, bytesLeft, sweepsLeft: isSweeping ? 2 : 1 }
}

/**
 * The age of the oldest rows of a table that take so many bytes together, about: a sample of rows tells it, because the
 * index orders them by a seeded hash.
 */
export function oldestLimitMs(table: SurveyedTable, bytes: number): number {
  const times: number[] = []
  for (let place = 0; place < 1 && times.length < sampleRowsMin;) {
    place = table.survey(place, (_sides, oldestMs) => times.push(oldestMs))
  }
  times.sort((a, b) => a - b)
  const count = Math.ceil((times.length * bytes) / table.liveBytes)
  return times[Math.min(count, times.length) - 1] ?? -Infinity
}
