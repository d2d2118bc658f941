import { CodedError, type ErrorDetails } from './coded-error.ts'
import { actorErrors } from './error-codes/actors.ts'
import { brokerErrors } from './error-codes/broker.ts'
import { httpErrors } from './error-codes/http.ts'
import { kafkaErrors } from './error-codes/kafka.ts'
import { optionErrors } from './error-codes/options.ts'
import { programErrors } from './error-codes/programs.ts'
import { stateErrors } from './error-codes/state.ts'

export type { ErrorDetails } from './coded-error.ts'

/** Every operating error that a program can meet: one table for each area, in `error-codes/`. */
export const errorCatalogue = {
  ...actorErrors,
  ...brokerErrors,
  ...httpErrors,
  ...kafkaErrors,
  ...optionErrors,
  ...programErrors,
  ...stateErrors,
}

/** The codes of all errors; docs/errors.md says what to do for each. */
export type ErrorCode = keyof typeof errorCatalogue

/**
 * An operating error: something outside the program went wrong, and the code says what.
 * `name` tells the layer (`KafkaError`, `TopologyError`, …); `code` is stable and documented in docs/errors.md.
 */
export class MillraceError extends CodedError<ErrorCode> {
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, errorCatalogue[code], message, details, cause)
  }

  /** Whether something that was thrown is such an error, also one of another copy of the package. */
  static override is(value: unknown): value is MillraceError {
    return CodedError.is(value)
  }
}

export class ActorError extends MillraceError {}
export class KafkaError extends MillraceError {}
export class TopologyError extends MillraceError {}
export class ConfigError extends MillraceError {}
export class StateError extends MillraceError {}
/** A user's function has failed: the brokers are well, and what this process would do next is the same. */
export class FunctionError extends MillraceError {}
