import { areSessions, areSliding, type Windows } from '../topology/windows.ts'

/**
 * Rows whose names have an earlier time are over: of a session its last record, of another window its start.
 *
 * @param nowMs - As the records tell it.
 */
export function overBefore(windows: Windows, nowMs: number): number {
  return Math.max(0, nowMs - closesAfter(windows) - windows.graceMs)
}

function closesAfter(windows: Windows): number {
  if (areSessions(windows)) return windows.gapMs
  return areSliding(windows) ? windows.timeDifferenceMs : windows.sizeMs - 1
}
