import { checkOptions, invalid, isKind } from './topology-checks.ts'
import { kindOf } from '../../core/kind-of.ts'

/** How records are put into windows by their timestamps. */
export type Windows = TimeWindows | SessionWindows | SlidingWindows

/** Windows of a fixed size, each of which begins `advanceMs` after the one before; `tumbling` and `hopping` make them. */
export interface TimeWindows {
  readonly kind: 'windows'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
}

/** Windows that last for as long as records come; `session` makes them. */
export interface SessionWindows {
  readonly kind: 'windows'
  readonly gapMs: number
  readonly graceMs: number
}

/** Windows of records that lie within a time of one another; `sliding` makes them. */
export interface SlidingWindows {
  readonly kind: 'windows'
  readonly timeDifferenceMs: number
  readonly graceMs: number
  readonly timestampsMax: number
}

/** How long windows are, in milliseconds of the time that records tell, and how long they stay open after their end. */
export interface TumblingOptions {
  /** A whole number from 1 on. */
  readonly sizeMs: number
  /** How far the time of the records has to go beyond the end of a window before it is closed. @defaultValue 0 */
  readonly graceMs?: number
}

/** The same of windows that overlap. */
export interface HoppingOptions extends TumblingOptions {
  /** From the start of one window to that of the next: a whole number, `sizeMs` at most. */
  readonly advanceMs: number
}

/** When a session has ended. */
export interface SessionOptions {
  /** How far the records of a session are apart, at most. A whole number from 1 on. */
  readonly gapMs: number
  /** How far the time of the records has to go beyond that before a session is closed. @defaultValue 0 */
  readonly graceMs?: number
}

/** How far records of a window are apart. */
export interface SlidingOptions {
  /** Between the first and the last record of a window, at most, both included. A whole number from 0 on. */
  readonly timeDifferenceMs: number
  /** How far the time of the records has to go beyond the end of a window before it is closed. @defaultValue 0 */
  readonly graceMs?: number
  /**
   * How many different timestamps the records of a key may have within the time difference before and after a record of
   * it: a whole number from 1 to 10,000. A record with one more is a dead letter, `AGGREGATE_TOO_LARGE`. A window may have
   * as many, and a record may be in twice as many windows. @defaultValue 1,000
   */
  readonly timestampsMax?: number
}

/** A record is in so many hopping windows at most. */
const windowsOfRecordMax = 256
const defaultTimestampsMax = 1_000
/** A record may change twice as many windows, and each goes through as many points: so a record may cost seconds. */
const greatestTimestampsMax = 10_000

/**
 * Windows that follow one another: each record is in one. They begin at multiples of their size since 1970, and a
 * window that begins at 0 has the records from 0 to `sizeMs` - 1.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for what is no whole number of milliseconds.
 *
 * @example
 * tumbling({ sizeMs: 60_000, graceMs: 5_000 })
 */
export function tumbling(options: TumblingOptions): TimeWindows {
  checkOptions<TumblingOptions>('tumbling windows', options, { sizeMs: true, graceMs: true })
  return windowsOf('tumbling', { ...options, advanceMs: options.sizeMs })
}

/**
 * Windows that overlap: one of `sizeMs` begins at every multiple of `advanceMs` since 1970, and a record is in each that
 * it falls into, 256 at most.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for what is no whole number of milliseconds, or windows that overlap too much.
 *
 * @example
 * hopping({ sizeMs: 300_000, advanceMs: 60_000, graceMs: 5_000 })
 */
export function hopping(options: HoppingOptions): TimeWindows {
  checkOptions<HoppingOptions>('hopping windows', options, { sizeMs: true, advanceMs: true, graceMs: true })
  return windowsOf('hopping', options)
}

/**
 * Windows that have no fixed size: a record is in one with those of its key that are `gapMs` from it at most, and with
 * those that are so far from these. A record between two windows makes them one.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for what is no whole number of milliseconds.
 *
 * @example
 * session({ gapMs: 1_800_000, graceMs: 60_000 })
 */
export function session(options: SessionOptions): SessionWindows {
  checkOptions<SessionOptions>('session windows', options, { gapMs: true, graceMs: true })
  const { gapMs, graceMs = 0 } = options
  checkMs('gapMs of session windows', gapMs, 1)
  checkMs('graceMs of session windows', graceMs, 0)
  return { kind: 'windows', gapMs, graceMs }
}

/**
 * Windows that move with the records: one for each set of records of a key that lie within `timeDifferenceMs` of one
 * another, both ends included. One ends with each record, and one begins a millisecond after each that has others after
 * it; none begins before 1970.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for what is no whole number of milliseconds, or a `timestampsMax` out of its
 * range.
 *
 * @example
 * sliding({ timeDifferenceMs: 300_000, graceMs: 5_000 })
 */
export function sliding(options: SlidingOptions): SlidingWindows {
  checkOptions<SlidingOptions>('sliding windows', options, {
    timeDifferenceMs: true,
    graceMs: true,
    timestampsMax: true,
  })
  const { timeDifferenceMs, graceMs = 0, timestampsMax = defaultTimestampsMax } = options
  checkMs('timeDifferenceMs of sliding windows', timeDifferenceMs, 0)
  checkMs('graceMs of sliding windows', graceMs, 0)
  if (!Number.isSafeInteger(timestampsMax) || timestampsMax < 1 || timestampsMax > greatestTimestampsMax) {
    throw invalid(
      `timestampsMax of sliding windows is ${String(timestampsMax)}, where a whole number from 1 to ${greatestTimestampsMax} belongs`,
    )
  }
  return { kind: 'windows', timeDifferenceMs, graceMs, timestampsMax }
}

/** Whether windows have no fixed size. */
export function areSessions(windows: Windows): windows is SessionWindows {
  return 'gapMs' in windows
}

/** Whether windows begin and end with records. */
export function areSliding(windows: Windows): windows is SlidingWindows {
  return 'timeDifferenceMs' in windows
}

function windowsOf(what: string, { sizeMs, advanceMs, graceMs = 0 }: HoppingOptions): TimeWindows {
  checkMs(`sizeMs of ${what} windows`, sizeMs, 1)
  checkMs(`advanceMs of ${what} windows`, advanceMs, 1)
  checkMs(`graceMs of ${what} windows`, graceMs, 0)
  if (advanceMs > sizeMs) {
    throw invalid(
      `advanceMs of ${what} windows is ${advanceMs}, which leaves out what is between windows of ${sizeMs} ms`,
    )
  }
  if (Math.ceil(sizeMs / advanceMs) > windowsOfRecordMax) {
    throw invalid(
      `a record would be in ${Math.ceil(sizeMs / advanceMs)} ${what} windows; ${windowsOfRecordMax} at most`,
    )
  }
  return { kind: 'windows', sizeMs, advanceMs, graceMs }
}

function checkMs(what: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw invalid(`${what} is ${String(value)}, where a whole number of milliseconds from ${least} on belongs`)
}

/** Fails for what are no windows. */
export function checkWindows(what: string, value: unknown): void {
  if (isKind(value, 'windows')) return
  throw invalid(
    `the windows of ${what} are ${kindOf(value)}, where those belong which tumbling(…), hopping(…), sliding(…) or session(…) returns`,
  )
}
