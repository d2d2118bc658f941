import type { GivenOptions, OptionTable } from '../../core/options.ts'
import type { Windows } from './windows.ts'

/** Options of windows that have a number. */
export const windowOptions = {
  bytesMax: {
    type: 'int',
    default: 2 ** 28,
    min: 1024,
    max: 2 ** 30,
    doc: 'Bytes that open windows, and the changes of epochs that have not committed, may take; beyond it the program ends with `STATE_BYTES_EXCEEDED`.',
  },
} as const satisfies OptionTable

/** What windows publish, what becomes of records that come too late, and how much memory open windows may take. */
export type WindowOptions = GivenOptions<typeof windowOptions> & {
  /**
   * When a window publishes what its records come to: once, when it closes, or with each record that it takes in.
   * @defaultValue `closed`
   */
  readonly results?: 'closed' | 'changes'
  /**
   * What becomes of a record all of whose windows have closed: it is dropped, and its offset counted as `late`, or it is
   * a dead letter with the reason `WINDOW_CLOSED`. @defaultValue `drop`
   */
  readonly late?: 'drop' | 'deadLetter'
}

/** A function that folds records into a value. */
export interface Reduction {
  readonly apply: (soFar: unknown, value: unknown) => unknown
  readonly initial: unknown
  /** Absent where windows have a fixed size. */
  readonly merge: ((left: unknown, right: unknown) => unknown) | undefined
}

/** What a window keeps of its records. */
export type Aggregate = 'count' | 'sum' | 'min' | 'max' | 'reduce' | 'collect'

/** An aggregate by key and window as data. The records of its source are parts of one side, which has its key. */
export interface Aggregation {
  readonly aggregate: Aggregate
  readonly windows: Windows
  readonly results: 'closed' | 'changes'
  readonly late: 'drop' | 'deadLetter'
  readonly bytesMax: number
  /** Of a `reduce`. */
  readonly reduction: Reduction | undefined
}

/**
 * The record that a window publishes, besides its key: when it began, when it has ended, which is the
 * first millisecond after it, and what its records come to.
 */
export interface WindowResult<Value> {
  readonly start: number
  readonly end: number
  readonly value: Value
}

/** The side that records of a windowed source are parts of, and the name of what they come to in a result. */
export const valueName = 'value'
