import { EngineError } from '../core/errors.ts'

/** A user's function failed on one record. It restarts the stage, which then takes up the same batch where it was. */
export class PoisonError extends Error {
  constructor(operator: string, topic: string, partition: number, offset: number, cause: unknown) {
    super(`"${operator}" failed on topic "${topic}", partition ${partition}, offset ${offset}: ${messageOf(cause)}`, {
      cause,
    })
    this.name = 'PoisonError'
  }
}

export interface PoisonOptions {
  /** Id of the operator whose function it is. */
  operator: string
  attemptsMax: number
  consecutiveMax: number
}

interface Failure {
  attempts: number
  cause: unknown
}

/**
 * Counts how often a function failed on which record. It outlives the restarts of the stage, as the counts must.
 * Bounded by the records of one batch: an entry goes when its record succeeds or is given up.
 */
export class PoisonLedger {
  readonly #options: PoisonOptions
  readonly #failures = new Map<string, Failure>()
  #consecutive = 0

  constructor(options: PoisonOptions) {
    this.#options = options
  }

  /** Whether anything has failed that was not settled: while not, nothing need be looked up. */
  get isEmpty(): boolean {
    return this.#failures.size === 0
  }

  /** One more failed attempt. */
  fail(partition: number, offset: number, cause: unknown): void {
    const key = `${partition}/${offset}`
    this.#failures.set(key, { attempts: (this.#failures.get(key)?.attempts ?? 0) + 1, cause })
  }

  /** A record went through. */
  succeed(partition: number, offset: number): void {
    this.#consecutive = 0
    if (!this.isEmpty) this.#failures.delete(`${partition}/${offset}`)
  }

  /** A record that went through is met again, so those before and behind it did not fail in a row. */
  passOver(): void {
    this.#consecutive = 0
  }

  /**
   * Why a record is given up, or `undefined` while it may be tried again.
   *
   * @throws EngineError `STAGE_FAILS_ON_EVERYTHING` when too many in a row were given up.
   */
  givenUp(partition: number, offset: number): string | undefined {
    const key = `${partition}/${offset}`
    const failure = this.#failures.get(key)
    if (failure === undefined || failure.attempts < this.#options.attemptsMax) return undefined
    const { operator, consecutiveMax } = this.#options
    if (++this.#consecutive >= consecutiveMax) {
      throw new EngineError(
        'STAGE_FAILS_ON_EVERYTHING',
        `"${operator}" failed on ${consecutiveMax} records in a row, last at offset ${offset} of partition ${partition}: ${messageOf(failure.cause)}`,
        { operator, partition, offset, consecutiveMax },
        failure.cause,
      )
    }
    this.#failures.delete(key)
    return messageOf(failure.cause)
  }
}

/** What an error, or whatever was thrown, says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
