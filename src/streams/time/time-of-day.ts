import type { Clock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Logger } from '../logs/logger.ts'

/** How often the broker is asked while the program is at work. */
const askEveryMs = 600_000
/**
 * By how much the wall clock and the monotonic one may differ about the time since: more means that one was set, or the
 * machine slept.
 */
const jumpMs = 1_000

export interface TimeOfDayOptions {
  readonly app: string
  readonly clock: Clock
  /** How far the clock of this machine may be off before that is told. */
  readonly skewMaxMs: number
  readonly logger: Logger
  /** Asks a broker what time it is; undefined where it cannot tell. */
  readonly ask: () => Promise<number | undefined>
}

/** What the clocks have said at one moment. */
interface Reading {
  readonly brokerMs: number
  readonly wallMs: number
  readonly monotonicMs: number
}

/**
 * The time of day that deadlines, and limits of timestamps, are compared with: that of the broker, so that a wrong
 * clock of this machine expires no row and refuses no record. Between two answers of the broker the monotonic clock
 * goes on.
 *
 * State: the last answer; without one it is the wall clock's time.
 */
export class TimeOfDay {
  readonly #options: TimeOfDayOptions
  #reading: Reading | undefined
  #isAskable = true
  #isSkewed = false

  constructor(options: TimeOfDayOptions) {
    this.#options = options
  }

  /** In whole milliseconds since 1970. */
  nowMs(): number {
    const { clock } = this.#options
    if (this.#reading === undefined) return clock.nowMs()
    return Math.floor(this.#reading.brokerMs + clock.monotonicMs() - this.#reading.monotonicMs)
  }

  /** Whether the broker is to be asked before the time is relied on. */
  get isDue(): boolean {
    if (!this.#isAskable) return false
    if (this.#reading === undefined) return true
    const { clock } = this.#options
    const elapsedMs = clock.monotonicMs() - this.#reading.monotonicMs
    return elapsedMs >= askEveryMs || Math.abs(clock.nowMs() - this.#reading.wallMs - elapsedMs) > jumpMs
  }

  /** Asks the broker, and warns where the clock of this machine is off. */
  async ask(): Promise<void> {
    const { clock, ask, app, logger } = this.#options
    const brokerMs = await ask()
    if (brokerMs === undefined) {
      this.#isAskable = false
      logger.warn({ app }, 'the broker tells no time, so the clock of this machine has to be right')
      return
    }
    this.#reading = { brokerMs, wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() }
    this.#tell(this.#reading)
  }

  #tell({ brokerMs, wallMs }: Reading): void {
    const { app, skewMaxMs, logger } = this.#options
    const skewMs = wallMs - brokerMs
    const isSkewed = Math.abs(skewMs) > skewMaxMs
    if (isSkewed === this.#isSkewed) return
    this.#isSkewed = isSkewed
    const facts = { app, skewMs, local: textOf(wallMs), broker: textOf(brokerMs) }
    if (!isSkewed) return logger.info(facts, 'the clock of this machine agrees with that of the broker again')
    const code: ErrorCode = 'CLOCK_SKEWED'
    logger.warn(
      { ...facts, code },
      'the clock of this machine is not that of the broker: the time of the broker counts',
    )
  }
}

function textOf(ms: number): string {
  return new Date(ms).toISOString()
}
