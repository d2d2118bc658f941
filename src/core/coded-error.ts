/**
 * How an entry of a catalogue of errors looks: what a code means and what to do. `docs/errors.md` is made from these.
 */
export interface ErrorRule {
  /** Whether trying again may help: data that callers decide by, because nobody matches on message text. */
  readonly retryable: boolean
  readonly meaning: string
  readonly remedy: string
}

/** JSON-safe facts about one error: ids, offsets, limits. */
export type ErrorDetails = Record<string, string | number | boolean | null>

// Two copies of the package in one process must still recognise each other's errors.
const brand = Symbol.for('millrace.error')

/** An operating error whose code stands in a catalogue. */
export abstract class CodedError<Code extends string = string> extends Error {
  /** What went wrong; docs/errors.md has all codes, with what to do. */
  readonly code: Code
  /** Whether trying again may help. */
  readonly retryable: boolean
  /** What the message names: ids, offsets, limits. */
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(code: Code, { retryable }: ErrorRule, message: string, details: ErrorDetails, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryable = retryable
    this.details = details
  }

  /** Whether something that was thrown is such an error, also one of another copy of the package. */
  static is(value: unknown): value is CodedError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
