import pino from 'pino'

/** The part of a pino logger that is used: facts first, then a sentence. */
export interface Logger {
  debug(facts: LogFacts, sentence: string): void
  info(facts: LogFacts, sentence: string): void
  warn(facts: LogFacts, sentence: string): void
  error(facts: LogFacts, sentence: string): void
}

/** What a line is about, by name. */
export interface LogFacts {
  /** An error, under the name that every pino writes with message, stack, causes and code. */
  readonly err?: unknown
  /** Under this name a pino would lose message and stack. */
  readonly error?: never
  readonly [name: string]: unknown
}

/** JSON lines on stderr. */
export const stderrLogger: Logger = pino({ name: 'millrace' }, pino.destination(2))
