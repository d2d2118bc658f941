import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../logger.ts'

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
      this.#warn({ ...last, pauseMs: Math.round(pauseMs) }, 'a function fails: it is tried again, and all wait for it')
    else this.#warn({ ...last, ...this.#counts(nowMs) }, 'a function still fails')
  }

  /** Records have become dead letters, this one last. */
  gaveUp(count: number, last: FailedRecord): void {
    const nowMs = this.#clock.monotonicMs()
    this.#deadLetters += count
    if (nowMs < this.#tellDeadLettersMs) return
    this.#tellDeadLettersMs = nowMs + tellMs
    this.#warn({ ...last, deadLetters: this.#deadLetters }, 'records on which a function failed become dead letters')
  }

  /** A promise has been pending for long. */
  late({ topic, partition, offset }: FailedRecord, pendingMs: number, pendingPromises: number): void {
    this.#warn({ topic, partition, offset, pendingMs, pendingPromises }, 'a promise of a function is pending for long')
  }

  /** Nothing has failed lately. */
  succeeded(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#logger.info({ ...this.#facts, ...this.#counts(this.#clock.monotonicMs()) }, 'a function works again')
  }

  #begin(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#failedAttempts = 0
    this.#deadLetters = 0
    this.#tellAttemptsMs = nowMs
    this.#tellDeadLettersMs = nowMs
  }

  #counts(nowMs: number) {
    const { 0: failedAttempts, 1: deadLetters } = [this.#failedAttempts, this.#deadLetters]
    return { failedAttempts, deadLetters, failingMs: Math.round(nowMs - this.#sinceMs) }
  }

  #warn(facts: object, sentence: string): void {
    this.#logger.warn({ ...this.#facts, ...facts }, sentence)
  }
}
