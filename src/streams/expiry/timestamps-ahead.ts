import { noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { Services } from '../runtime/services.ts'

/** Timestamps beyond this are not believed; Infinity where records tell no time. */
export function latestBelieved(
  { timeOfDay, options }: Pick<Services, 'timeOfDay' | 'options'>,
  { eventClock }: Pick<ProgramState, 'eventClock'>,
): number {
  return eventClock === undefined ? Infinity : timeOfDay.nowMs() + options.timestampAheadMaxMs
}

/**
 * Makes dead letters of parts that say they are too far ahead: by an event clock that believed them all others
 * would be over, and they never.
 *
 * @param latestMs - Timestamps beyond are not believed.
 */
export function refuseAhead(columns: RecordColumns, latestMs: number): void {
  if (latestMs === Infinity) return
  const { count, side, timestamp } = columns
  for (let row = 0; row < count; row++) {
    if (side[row] !== noSide && timestamp[row]! > latestMs) columns.refuse(row, Reason.TIMESTAMP_AHEAD)
  }
}
