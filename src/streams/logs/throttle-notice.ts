import type { Clock, Timer } from '../../core/clock.ts'
import type { Logger } from './logger.ts'

/** How often is told that it goes on, in milliseconds. */
const tellEveryMs = 60_000
/** Throttling is over when brokers have taken everything at once for so long, in milliseconds. */
const quietMs = 10_000

/** Tells that brokers throttle writing: at once, again each minute while it goes on, and once when it is over. */
export class ThrottleNotice {
  readonly #app: string
  readonly #logger: Logger
  readonly #clock: Clock
  /** Since the last line. */
  #throttledMs = 0
  #windowBytes = 0
  #untilMs = 0
  #toldMs = -Infinity
  #timer: Timer | undefined

  constructor(app: string, logger: Logger, clock: Clock) {
    this.#app = app
    this.#logger = logger
    this.#clock = clock
  }

  /**
   * A broker takes nothing for so long.
   *
   * @param windowBytes - Bytes that are sent at once because of it.
   */
  note(throttleMs: number, windowBytes: number): void {
    const nowMs = this.#clock.monotonicMs()
    this.#throttledMs += throttleMs
    this.#windowBytes = windowBytes
    this.#untilMs = Math.max(this.#untilMs, nowMs + throttleMs)
    if (nowMs - this.#toldMs >= tellEveryMs) this.#tell(nowMs)
    if (this.#timer === undefined) this.#lookLater(nowMs)
  }

  /** The program writes nothing any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #tell(nowMs: number): void {
    const facts = { app: this.#app, throttledMs: this.#throttledMs, epochBytes: Math.floor(this.#windowBytes) }
    this.#logger.warn(
      facts,
      'the broker throttles writing: a produce quota is used up; epochs are made smaller to fit it',
    )
    this.#toldMs = nowMs
    this.#throttledMs = 0
  }

  #lookLater(nowMs: number): void {
    const afterMs = Math.max(1, this.#untilMs + quietMs - nowMs)
    this.#timer = this.#clock.setTimer({ afterMs, background: true }, () => this.#look())
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#timer = undefined
    if (nowMs < this.#untilMs + quietMs) return this.#lookLater(nowMs)
    this.#logger.info({ app: this.#app }, 'the broker does not throttle writing any more')
    this.#toldMs = -Infinity
    this.#throttledMs = 0
  }
}
