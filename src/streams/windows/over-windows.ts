import { areSessions, type Windows } from '../topology/windows.ts'

/**
 * Rows whose names have an earlier time are over: of a session its last record, of another window its start.
 *
 * @param nowMs - As the records tell it.
 */
export function overBefore(windows: Windows, nowMs: number): number {
  const closesAfter = areSessions(windows) ? windows.gapMs : windows.sizeMs - 1
  return Math.max(0, nowMs - closesAfter - windows.graceMs)
}
