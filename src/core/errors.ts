/**
 * Every operating error Millrace raises, with what it means and what to do. `docs/errors.md` is made from this table.
 * `retryable` is data that callers decide by; nobody matches on message text.
 */
export const errorCatalogue = {
  ACTOR_MAILBOX_CLOSED: {
    retryable: false,
    meaning: 'A message was sent to an actor that has ended.',
    remedy: 'Monitor the actor, or look at the reason its supervisor reports.',
  },
  KAFKA_CONNECTION_FAILED: {
    retryable: true,
    meaning: 'A broker could not be reached, or the connection broke.',
    remedy: 'Check `bootstrapServers`, the broker and the network between.',
  },
} as const satisfies Record<string, ErrorRule>

interface ErrorRule {
  readonly retryable: boolean
  readonly meaning: string
  readonly remedy: string
}

export type ErrorCode = keyof typeof errorCatalogue

/** JSON-safe facts about one error: ids, offsets, limits. */
export type ErrorDetails = Record<string, string | number | boolean | null>

// Two copies of the package in one process must still recognise each other's errors.
const brand = Symbol.for('millrace.error')

/**
 * An operating error: something outside the program went wrong, and the code says what.
 * `name` tells the layer (`KafkaError`, `TopologyError`, …); `code` is stable and documented in docs/errors.md.
 */
export class EngineError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryable = errorCatalogue[code].retryable
    this.details = details
  }

  static is(value: unknown): value is EngineError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

export class ActorError extends EngineError {}
export class KafkaError extends EngineError {}
export class TopologyError extends EngineError {}
export class ConfigError extends EngineError {}
