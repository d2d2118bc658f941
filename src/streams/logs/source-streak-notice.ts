import type { Clock } from '../../core/clock.ts'
import type { SourceStreak } from '../poison/source-streak.ts'
import type { Logger } from './logger.ts'

/** How often is told that it goes on, in milliseconds. */
const tellEveryMs = 60_000

/**
 * Warns that everything of a topic becomes a dead letter: when a streak is long enough, once a minute while it goes on,
 * and once when it has ended.
 */
export class SourceStreakNotice {
  readonly #app: string
  readonly #logger: Logger
  readonly #clock: Clock
  /** When a topic was warned of last. */
  readonly #toldMs = new Map<string, number>()
  /** Topics whose streak was told, and is not over. */
  readonly #open = new Set<string>()

  constructor(app: string, logger: Logger, clock: Clock) {
    this.#app = app
    this.#logger = logger
    this.#clock = clock
  }

  /** @param causeOf - Why the last one is a dead letter; reads the record once more. */
  tell(streak: SourceStreak, causeOf: () => string): void {
    const { topic, records } = streak
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - (this.#toldMs.get(topic) ?? -Infinity) < tellEveryMs) return
    this.#toldMs.set(topic, nowMs)
    this.#open.add(topic)
    this.#logger.warn(
      { app: this.#app, ...streak, cause: causeOf() },
      `the last ${records} records of topic "${topic}" all became dead letters: compare them with the program's decode and route of that source; onPoison "stop" would have stopped it`,
    )
  }

  /** A record of the topic was used again, after so many that were not. */
  end(topic: string, records: number): void {
    if (!this.#open.delete(topic)) return
    this.#logger.info({ app: this.#app, topic, records }, `records of topic "${topic}" are used again`)
  }
}
