import { deadLetterReasons } from '../../kernel/index.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { AppEvents } from './app-events.ts'
import type { ProgramEvents } from './program-events.ts'

type Times = Pick<AppEvents['epochCommitted'], 'durationMs' | 'commitMs'>

/** Tells of the epoch that has just been committed. */
export function tellOfCommit(
  events: ProgramEvents,
  { epochs, accounting }: Pick<ProgramState, 'epochs' | 'accounting'>,
  times: Times = {},
): void {
  const { committed: epoch } = epochs
  const { records, mergedRows, expiredRows, letters } = accounting.lastEpoch
  events.tell('epochCommitted', () => ({ epoch, records, mergedRecords: mergedRows, ...times }))
  if (letters.some((count) => count > 0)) events.tell('deadLettered', () => ({ epoch, reasons: reasonsOf(letters) }))
  if (expiredRows > 0) events.tell('expired', () => ({ epoch, rows: expiredRows }))
}

function reasonsOf(letters: Float64Array): Record<string, number> {
  const found = Array.from(letters, (count, reason) => [deadLetterReasons[reason]?.name ?? '', count] as const)
  return Object.fromEntries(found.filter(([, count]) => count > 0))
}
