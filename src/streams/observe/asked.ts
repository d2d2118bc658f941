import type { Clock } from '../../core/clock.ts'
import { within } from '../../core/within.ts'

/** For so long an answer is as good as a new one, in milliseconds. */
const freshMs = 1_000
/** Nobody who asks waits longer, in milliseconds: brokers may be away. */
const patienceMs = 500

/**
 * Something that only brokers know. They are asked when somebody wants to know, once a second at most; while they do not
 * answer, the last answer stands.
 */
export class Asked<Answer> {
  readonly #ask: () => Promise<Answer>
  readonly #clock: Clock
  #latest: Answer
  #asking: Promise<void> | undefined
  #askedMs = -Infinity

  /** @param known - The answer before they are asked. */
  constructor(ask: () => Promise<Answer>, clock: Clock, known: Answer) {
    this.#ask = ask
    this.#clock = clock
    this.#latest = known
  }

  /** What they have answered last. */
  get latest(): Answer {
    return this.#latest
  }

  /** For how long the brokers have not answered what they were asked, in milliseconds; 0 where nothing is open. */
  get unansweredMs(): number {
    return this.#asking === undefined ? 0 : this.#clock.monotonicMs() - this.#askedMs
  }

  /** Resolves when `latest` is fresh, or when the brokers have not answered for half a second. */
  async refresh(): Promise<void> {
    if (this.#asking === undefined && this.#clock.monotonicMs() - this.#askedMs >= freshMs)
      this.#asking = this.#askNow()
    if (this.#asking !== undefined) await within(this.#clock, patienceMs, this.#asking, undefined)
  }

  async #askNow(): Promise<void> {
    this.#askedMs = this.#clock.monotonicMs()
    try {
      this.#latest = await this.#ask()
    } catch {
      // Whoever works with the brokers meets the same, and that ends the program where it has to.
    } finally {
      this.#asking = undefined
    }
  }
}
