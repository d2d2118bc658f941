import { noTimestamp } from '../../kernel/index.ts'
import type { TimeOfDay } from './time-of-day.ts'

/** How far from the broker's time the timestamps of records may be that a topic takes, in milliseconds. */
export interface TimestampLimits {
  readonly beforeMaxMs: number
  readonly afterMaxMs: number
}

/**
 * Settings of a topic by which a broker refuses records for their timestamps; the last one is that of Kafka before 3.6.
 */
export const timestampSettings = [
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.difference.max.ms',
] as const

/** What these settings come to, in their order, of a topic that the broker does not stamp. */
export function timestampLimits([before, after, difference]: readonly (string | undefined)[]): TimestampLimits {
  const differenceMs = Number(difference ?? Infinity)
  return {
    beforeMaxMs: Math.min(Number(before ?? Infinity), differenceMs),
    afterMaxMs: Math.min(Number(after ?? Infinity), differenceMs),
  }
}

/** By how much less than a limit a record may be ahead: brokers do not agree to the millisecond. */
const aheadMarginMs = 10_000

/**
 * Which timestamps a topic takes, as of now. Some time may pass until the broker looks at a record, so the limits are
 * kept with a margin.
 */
export class TimestampWindow {
  readonly #timeOfDay: Pick<TimeOfDay, 'nowMs'>
  readonly #beforeMs: number
  readonly #afterMs: number

  /** @param lateMs - Time that may pass until a record is appended. */
  constructor({ beforeMaxMs, afterMaxMs }: TimestampLimits, timeOfDay: Pick<TimeOfDay, 'nowMs'>, lateMs: number) {
    this.#timeOfDay = timeOfDay
    this.#beforeMs = beforeMaxMs - Math.min(lateMs, Math.floor(beforeMaxMs / 2))
    this.#afterMs = afterMaxMs - Math.min(aheadMarginMs, Math.floor(afterMaxMs / 2))
  }

  get earliestMs(): number {
    return this.#timeOfDay.nowMs() - this.#beforeMs
  }

  get latestMs(): number {
    return this.#timeOfDay.nowMs() + this.#afterMs
  }

  takes(timestampMs: number): boolean {
    return timestampMs === this.nearest(timestampMs)
  }

  /** The timestamp that is taken in place of one that is not. */
  nearest(timestampMs: number): number {
    if (timestampMs === noTimestamp) return noTimestamp
    return Math.min(Math.max(timestampMs, this.earliestMs), this.latestMs)
  }
}
