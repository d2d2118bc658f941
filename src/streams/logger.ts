import pino from 'pino'

/** The part of a pino logger that is used: facts first, then a sentence. */
export interface Logger {
  debug(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
}

/** JSON lines on stderr. */
export const stderrLogger: Logger = pino(
  { name: 'millrace', serializers: { error: pino.stdSerializers.err } },
  pino.destination(2),
)
