import { checkOptions, invalid, isKind } from './topology-checks.ts'
import { kindOf } from '../../core/kind-of.ts'

/** How records are put into windows by their timestamps. */
export type Windows = TimeWindows | SessionWindows

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

/** A record is in so many windows at most. */
const windowsOfRecordMax = 256

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
  checkOptions('tumbling windows', options)
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
  checkOptions('hopping windows', options)
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
export function session({ gapMs, graceMs = 0 }: SessionOptions): SessionWindows {
  checkMs('gapMs of session windows', gapMs, 1)
  checkMs('graceMs of session windows', graceMs, 0)
  return { kind: 'windows', gapMs, graceMs }
}

/** Whether windows have no fixed size. */
export function areSessions(windows: Windows): windows is SessionWindows {
  return 'gapMs' in windows
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
    `the windows of ${what} are ${kindOf(value)}, where those belong which tumbling(…), hopping(…) or session(…) returns`,
  )
}
