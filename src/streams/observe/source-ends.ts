import type { Clock } from '../../core/clock.ts'
import { within } from '../../core/within.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Sources } from '../topics/sources.ts'

/** For so long an answer is as good as a new one, in milliseconds. */
const freshMs = 1_000
/** Nobody who asks waits longer, in milliseconds: brokers may be away. */
const patienceMs = 500

/** Where the sources ended when brokers were last asked. */
export interface KnownEnds {
  /** Offset after the last record that may be read, by number of the source partition. */
  readonly offsets: readonly number[]
  /** How long ago that was, in milliseconds. */
  readonly ageMs: number
}

/**
 * Where the sources end now, which only brokers know. They are asked when somebody wants to know, once a second at
 * most; while they do not answer, the last answer stands.
 */
export class SourceEnds {
  readonly #log: Pick<SourceLog, 'ends'>
  readonly #sources: Pick<Sources, 'topics' | 'partitions'>
  readonly #clock: Clock
  #offsets: readonly number[]
  #answeredMs: number
  #asking: Promise<void> | undefined
  #askedMs = -Infinity

  /** @param offsets - As they are known already. */
  constructor(
    log: Pick<SourceLog, 'ends'>,
    sources: Pick<Sources, 'topics' | 'partitions'>,
    clock: Clock,
    offsets: readonly number[],
  ) {
    this.#log = log
    this.#sources = sources
    this.#clock = clock
    this.#offsets = offsets
    this.#answeredMs = clock.monotonicMs()
  }

  get known(): KnownEnds {
    return { offsets: this.#offsets, ageMs: this.#clock.monotonicMs() - this.#answeredMs }
  }

  /** For how long the brokers have not answered what they were asked, in milliseconds; 0 where nothing is open. */
  get unansweredMs(): number {
    return this.#asking === undefined ? 0 : this.#clock.monotonicMs() - this.#askedMs
  }

  /** Resolves when `known` is fresh, or when the brokers have not answered for half a second. */
  async refresh(): Promise<void> {
    if (this.#asking === undefined && this.#clock.monotonicMs() - this.#askedMs >= freshMs) this.#asking = this.#ask()
    if (this.#asking !== undefined) await within(this.#clock, patienceMs, this.#asking, undefined)
  }

  async #ask(): Promise<void> {
    this.#askedMs = this.#clock.monotonicMs()
    try {
      const ends = await Promise.all(this.#sources.topics.map((topic) => this.#log.ends(topic)))
      this.#offsets = this.#sources.partitions.byNumber(ends, 0)
      this.#answeredMs = this.#clock.monotonicMs()
    } catch {
      // Whoever reads the source meets the same, and that ends the program where it has to.
    } finally {
      this.#asking = undefined
    }
  }
}
