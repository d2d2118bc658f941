import type { Timer } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { topicRecreated } from './broker-error.ts'
import type { Wait } from './broker-waits.ts'
import type { Cluster } from './cluster.ts'
import type { Topic } from './topic.ts'
import { retryDelayMs } from './retry.ts'

export interface LeaderTrackerOptions {
  readonly cluster: Cluster
  /** As the cluster has described them. */
  readonly topics: readonly Topic[]
  /** What cannot be done while leaders are away, such as `reading topic "orders"`. */
  readonly what: string
  /** Since when the oldest request is repeated, by the monotonic clock; infinite where none is. */
  oldestMs(): number
  /** The leaders were looked for anew. */
  onFound(topics: readonly Topic[]): void
  /** A leader takes requests again after it has throttled. */
  onFree(leader: number): void
  /**
   * Requests cannot be repeated any more.
   *
   * @param isOverdue - The error passes, but not in the time that requests are repeated for.
   */
  onFailed(error: MillraceError, isOverdue: boolean): void
}

/**
 * The brokers that lead the partitions of some topics, for one that sends requests to them. Leaders fail, move, and
 * throttle: the tracker says who leads now, decides how long requests are repeated, and tells of the wait.
 *
 * There is one search for leaders at a time, after a pause that grows from search to search until all is well again.
 */
export class LeaderTracker {
  readonly #options: LeaderTrackerOptions
  #topics: readonly Topic[]
  /** Timers of the leaders that want to be left alone. */
  readonly #throttled = new Map<number, Timer>()
  /** Searches since all was well. */
  #searches = 0
  /** It stays until the search has ended. */
  #searchTimer: Timer | undefined
  #wait: Wait | undefined
  /** Counts calls of `stop`: a search that began before has no effect. */
  #stops = 0

  constructor(options: LeaderTrackerOptions) {
    this.#options = options
    this.#topics = options.topics
  }

  /** @param topic - Its place in the list of topics. */
  leaderOf(topic: number, partition: number): number {
    return this.#topics[topic]!.partitions[partition]!.leader
  }

  /** Requests fail, and not all of them have succeeded since. */
  get isWaiting(): boolean {
    return this.#wait !== undefined
  }

  isThrottled(leader: number): boolean {
    return this.#throttled.has(leader)
  }

  /**
   * A leader says for how long it wants to be left alone.
   *
   * @see KIP-219
   */
  throttle(leader: number, throttleTimeMs: number): void {
    if (throttleTimeMs <= 0) return
    this.#throttled.get(leader)?.cancel()
    const timer = this.#options.cluster.clock.setTimer({ afterMs: throttleTimeMs }, () => {
      this.#throttled.delete(leader)
      this.#options.onFree(leader)
    })
    this.#throttled.set(leader, timer)
  }

  /**
   * A request has failed that may be repeated.
   *
   * @param sinceMs - When the first attempt was due, by the monotonic clock.
   * @returns Whether it is to be repeated; where not, `onFailed` was called.
   */
  failed(error: MillraceError, sinceMs: number): boolean {
    const { cluster, what } = this.#options
    if (cluster.clock.monotonicMs() - sinceMs > cluster.retryPolicy.deadlineMs) {
      this.#options.onFailed(error, true)
      return false
    }
    this.#wait ??= cluster.waits.begin(what)
    this.#wait.failed(error)
    return true
  }

  /** Looks for the leaders anew after a pause, unless a search is on its way. */
  search(): void {
    const { clock, random } = this.#options.cluster
    const afterMs = retryDelayMs(this.#searches, random)
    this.#searchTimer ??= clock.setTimer({ afterMs }, () => void this.#search())
  }

  /** All that had failed has succeeded. */
  recovered(): void {
    this.#searches = 0
    this.#wait?.end()
    this.#wait = undefined
  }

  /** Forgets what it waits for: nothing is called any more unless something fails or throttles again. */
  stop(): void {
    this.#stops++
    this.recovered()
    this.#searchTimer?.cancel()
    this.#searchTimer = undefined
    for (const timer of this.#throttled.values()) timer.cancel()
    this.#throttled.clear()
  }

  async #search(): Promise<void> {
    const stops = this.#stops
    this.#searches++
    try {
      const found = await this.#options.cluster.topicsOnce(this.#topics.map(({ name }) => name))
      if (stops !== this.#stops) return
      this.#searchTimer = undefined
      const recreated = found.find(({ id }, topic) => id !== this.#topics[topic]!.id)
      if (recreated !== undefined) return this.#options.onFailed(topicRecreated(recreated.name), false)
      this.#topics = found
      this.#options.onFound(found)
    } catch (cause) {
      const error = cause as MillraceError
      if (stops !== this.#stops) return
      this.#searchTimer = undefined
      if (!error.retryable) return this.#options.onFailed(error, false)
      // Without any broker nobody answers, so the age of what is repeated is looked at here too.
      if (this.failed(error, this.#options.oldestMs())) this.search()
    }
  }
}
