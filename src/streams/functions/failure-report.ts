import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../logs/logger.ts'

/** How often failures are told of while they go on. */
const tellMs = 60_000

/** A record on which a function failed, and how. */
export interface FailedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly err: unknown
}

/**
 * Tells of the failures of one function: a warning when they begin, then numbers at most once a minute, and a line when
 * the function works again. Never a line for each record.
 */
export class FailureReport {
  readonly #facts: { readonly app: string; readonly operator: string }
  readonly #logger: Logger
  readonly #clock: Clock
  #isFailing = false
  #sinceMs = 0
  #failedAttempts = 0
  #deadLetters = 0
  #tellAttemptsMs = 0
  #tellDeadLettersMs = 0

  constructor(facts: { app: string; operator: string }, logger: Logger, clock: Clock) {
    this.#facts = facts
    this.#logger = logger
    this.#clock = clock
  }

  /** Attempts have failed, the last one on this record; the next ones follow after a pause. */
  failed(count: number, last: FailedRecord, pauseMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    const isNew = !this.#isFailing
    if (isNew) this.#begin(nowMs)
    this.#isFailing = true
    this.#failedAttempts += count
    if (nowMs < this.#tellAttemptsMs) return
    this.#tellAttemptsMs = nowMs + tellMs
    if (isNew)
      this.#warn(
        { ...last, pauseMs: Math.round(pauseMs) },
        `${this.#name} fails on ${placeOf(last)}; it is tried again, and the source pauses`,
      )
    else
      this.#warn(
        { ...last, ...this.#counts(nowMs) },
        `${this.#name} still fails, in ${this.#failedAttempts} attempts, last on ${placeOf(last)}`,
      )
  }

  /** Records have become dead letters, this one last. */
  gaveUp(count: number, last: FailedRecord): void {
    const nowMs = this.#clock.monotonicMs()
    this.#deadLetters += count
    if (nowMs < this.#tellDeadLettersMs) return
    this.#tellDeadLettersMs = nowMs + tellMs
    this.#warn(
      { ...last, deadLetters: this.#deadLetters },
      `records on which ${this.#name} failed become dead letters, ${this.#deadLetters} so far, last ${placeOf(last)}`,
    )
  }

  /** A promise has been pending for long. */
  late({ topic, partition, offset }: FailedRecord, pendingMs: number, pendingPromises: number): void {
    this.#warn(
      { topic, partition, offset, pendingMs, pendingPromises },
      `a promise of ${this.#name} has been pending for ${pendingMs} ms, for ${placeOf({ topic, partition, offset })}`,
    )
  }

  /** Nothing has failed lately. */
  succeeded(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    const counts = this.#counts(this.#clock.monotonicMs())
    const sentence = `${this.#name} works again after ${counts.failingMs} ms; ${counts.deadLetters} records became dead letters`
    this.#logger.info({ ...this.#facts, ...counts }, sentence)
  }

  get #name(): string {
    return `"${this.#facts.operator}"`
  }

  #begin(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#failedAttempts = 0
    this.#deadLetters = 0
    this.#tellAttemptsMs = nowMs
    this.#tellDeadLettersMs = nowMs
  }

  #counts(nowMs: number) {
    const failingMs = Math.round(nowMs - this.#sinceMs)
    return { failedAttempts: this.#failedAttempts, deadLetters: this.#deadLetters, failingMs }
  }

  #warn(facts: object, sentence: string): void {
    this.#logger.warn({ ...this.#facts, ...facts }, sentence)
  }
}

function placeOf({ topic, partition, offset }: Omit<FailedRecord, 'err'>): string {
  return `offset ${offset} of partition ${partition} of topic "${topic}"`
}
