import type { Timer } from '../../core/clock.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import type { EventClock } from './event-clock.ts'
import type { KnownTimes } from './routed-times.ts'

/** How long to wait before brokers are asked once more that have refused to say, in milliseconds. */
const askAgainMs = 1_000

/** What partitions of routed parts have told, and where its sources ended after that, by number of the partition. */
export interface ToldAndEnds {
  readonly told: KnownTimes
  readonly endOffsets: readonly number[]
}

/**
 * Asks brokers how far sources reach whose parts are routed, each time that partitions of these have told something.
 *
 * State: whether an answer is on its way; what is told meanwhile is asked about after it.
 * Cost: a request to each leader of the sources, one at a time, at most for each batch of routed parts.
 */
export class SourceEnds {
  readonly #services: Services
  readonly #clock: Pick<EventClock, 'takeTold'>
  readonly #log: Pick<SourceLog, 'ends'>
  readonly #onAnswer: (answer: ToldAndEnds) => void
  #isAsking = false
  #isStopped = false
  #timer: Timer | undefined

  constructor(
    services: Services,
    clock: Pick<EventClock, 'takeTold'>,
    log: Pick<SourceLog, 'ends'>,
    onAnswer: (answer: ToldAndEnds) => void,
  ) {
    this.#services = services
    this.#clock = clock
    this.#log = log
    this.#onAnswer = onAnswer
  }

  /** Asks where something was told. */
  look(): void {
    const told = this.#isAsking ? undefined : this.#clock.takeTold()
    if (told !== undefined) void this.#ask(told)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  async #ask(told: KnownTimes): Promise<void> {
    const { topics, plan, logger, clock } = this.#services
    this.#isAsking = true
    try {
      const ends = await Promise.all(topics.recordTopics!.map((topic) => this.#log.ends(topic)))
      this.#isAsking = false
      if (this.#isStopped) return
      this.#onAnswer({ told, endOffsets: topics.recordsOfParts!.byNumber(ends, 0) })
      this.look()
    } catch (error) {
      if (this.#isStopped) return
      logger.warn({ app: plan.name, err: error }, 'could not ask how far the sources reach; trying later')
      this.#timer = clock.setTimer({ afterMs: askAgainMs }, () => void this.#ask(told))
    }
  }
}
