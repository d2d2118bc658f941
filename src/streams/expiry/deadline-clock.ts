/** The time by which rows expire and completed keys are forgotten. */
export interface DeadlineClock {
  /** @param timeOfDayMs - The time of day, by which it may go. */
  nowMs(timeOfDayMs: number): number
}

/** Goes by the time of day. */
export const processingTime: DeadlineClock = { nowMs: (timeOfDayMs) => timeOfDayMs }
