import { type ErrorCode, type ErrorDetails, MillraceError, StateError } from '../../core/errors.ts'

/** An error on its way to another thread. */
export interface SentError {
  /** Nothing where it is none of Millrace. */
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly details: ErrorDetails
}

export function sentError(error: unknown): SentError {
  if (MillraceError.is(error)) return { code: error.code, message: error.message, details: error.details }
  return { code: undefined, message: String(error), details: {} }
}

export function receivedError({ code, message, details }: SentError): Error {
  return code === undefined ? new Error(message) : new StateError(code, message, details)
}
