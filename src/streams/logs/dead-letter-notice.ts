import type { Clock, Timer } from '../../core/clock.ts'
import { deadLetterReasons } from '../../kernel/index.ts'
import type { WrittenLetter } from '../dead-letters/dead-letter.ts'
import type { Logger } from './logger.ts'

/** How often dead letters are counted in the log while they go on, in milliseconds. */
const tellEveryMs = 60_000

/**
 * Tells of dead letters, once they are committed: of the first of each reason with its place and cause, and of the
 * others by their number, once a minute.
 */
export class DeadLetterNotice {
  readonly #app: string
  readonly #logger: Logger
  readonly #clock: Clock
  /** Of reasons that were not told yet. */
  readonly #first = new Map<number, WrittenLetter>()
  /** By reason: those that are committed, and those of them that were told. */
  #counts: Float64Array = new Float64Array(deadLetterReasons.length)
  readonly #told = new Float64Array(deadLetterReasons.length)
  #toldMs = -Infinity
  #timer: Timer | undefined

  constructor(app: string, logger: Logger, clock: Clock) {
    this.#app = app
    this.#logger = logger
    this.#clock = clock
  }

  /** A dead letter was written, to be committed with its epoch. */
  written(reason: number, letter: WrittenLetter): void {
    if (this.#told[reason] === 0 && !this.#first.has(reason)) this.#first.set(reason, letter)
  }

  /** @param counts - All that are committed, by reason. */
  committed(counts: Float64Array): void {
    this.#counts = counts
    for (const [reason, first] of this.#first) if (counts[reason]! > 0) this.#tellFirst(reason, first)
    if (this.#timer === undefined && this.#untold().length > 0) this.#tellLater()
  }

  /** Tells what is to be told: the program does not work any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#tellCounts()
  }

  #tellFirst(reason: number, first: WrittenLetter): void {
    const { name, text } = deadLetterReasons[reason]!
    this.#logger.warn({ app: this.#app, reason: name, ...first }, `a record became a dead letter: ${text}`)
    this.#first.delete(reason)
    this.#told[reason] = 1
    this.#toldMs = this.#clock.monotonicMs()
  }

  #tellLater(): void {
    const afterMs = Math.max(0, this.#toldMs + tellEveryMs - this.#clock.monotonicMs())
    this.#timer = this.#clock.setTimer({ afterMs, background: true }, () => {
      this.#timer = undefined
      this.#tellCounts()
    })
  }

  #tellCounts(): void {
    const untold = this.#untold()
    if (untold.length === 0) return
    const added = Object.fromEntries(untold.map(([reason, count]) => [deadLetterReasons[reason]!.name, count]))
    this.#logger.warn({ app: this.#app, deadLetters: added }, 'more records became dead letters')
    for (const [reason] of untold) this.#told[reason] = this.#counts[reason]!
    this.#toldMs = this.#clock.monotonicMs()
  }

  /** Reasons with the number of their letters since they were told last. */
  #untold(): [reason: number, count: number][] {
    return Array.from(this.#counts, (count, reason): [number, number] => [reason, count - this.#told[reason]!]).filter(
      ([, count]) => count > 0,
    )
  }
}
