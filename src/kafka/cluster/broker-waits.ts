import type { Clock, Timer } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'

/** One thing that could not be done for now and is tried again. */
export interface Wait {
  failed(error: MillraceError): void
  /** It is done, or given up. Ending twice does nothing. */
  end(): void
}

/** Is told what is waited for because brokers are away, elect, or refuse for now. */
export interface Waits {
  /** @param what - What is being done, such as `reading metadata`. */
  begin(what: string): Wait
}

export interface WaitReport {
  readonly waitingFor: string
  /** Milliseconds since 1970. */
  readonly sinceMs: number
  readonly error: MillraceError | undefined
}

export interface BrokerWaitsOptions {
  readonly clock: Clock
  /** Called when a wait has lasted for a second, and then once a minute. */
  readonly onWaiting: (report: WaitReport) => void
  /** Called when nothing is waited for any more, if that was told. */
  readonly onOver: (waitedMs: number) => void
}

/** Shorter waits are part of any election and are not told. */
const tellAfterMs = 1_000
const tellAgainMs = 60_000
/**
 * One wait often ends where the next begins: it is over when none has begun for longer than any pause before a retry.
 */
const overAfterMs = 1_500

interface OpenWait {
  readonly what: string
  readonly beganMs: number
}

const noTimer: Timer = { cancel() {} }

/** Where waits are not told to anybody. */
export const untoldWaits: Waits = { begin: () => ({ failed() {}, end() {} }) }

/** Tells of waits once, whoever waits and for how many things at once. */
export class BrokerWaits implements Waits {
  readonly #options: BrokerWaitsOptions
  /** What is waited for, by its wait. */
  readonly #open = new Map<Wait, OpenWait>()
  #lastError: MillraceError | undefined
  #beganMs = 0
  #sinceMs = 0
  #timer: Timer = noTimer
  #isLookingForEnd = false
  #isTold = false
  /** When the last wait ended that was long enough to be told. */
  #longEndedMs = 0
  #listeners: (() => void)[] = []

  constructor(options: BrokerWaitsOptions) {
    this.#options = options
  }

  begin(what: string): Wait {
    const wait: Wait = {
      failed: (error) => {
        if (this.#open.has(wait)) this.#lastError = error
      },
      end: () => this.#ended(wait),
    }
    if (this.#open.size === 0) this.#began()
    this.#open.set(wait, { what, beganMs: this.#options.clock.monotonicMs() })
    return wait
  }

  /** Whether something is waited for, and that was told. */
  get isWaiting(): boolean {
    return this.#isTold && this.#open.size > 0
  }

  /** What is waited for; undefined where nothing is that was told. */
  get report(): WaitReport | undefined {
    if (!this.isWaiting) return undefined
    const waitingFor = [...new Set(Array.from(this.#open.values(), ({ what }) => what))].join(', ')
    return { waitingFor, sinceMs: this.#sinceMs, error: this.#lastError }
  }

  /** Resolves when that is so. */
  whenWaiting(): Promise<void> {
    if (this.isWaiting) return Promise.resolve()
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  #began(): void {
    const { clock } = this.#options
    // What was told is not over yet.
    if (this.#isTold) return
    this.#beganMs = clock.monotonicMs()
    this.#sinceMs = clock.nowMs()
    this.#lastError = undefined
    this.#tellLater(tellAfterMs)
  }

  #tellLater(afterMs: number): void {
    this.#timer = this.#options.clock.setTimer({ afterMs, background: true }, () => {
      this.#isTold = true
      this.#tellLater(tellAgainMs)
      const { report } = this
      if (report === undefined) return
      this.#options.onWaiting(report)
      for (const resolve of this.#listeners.splice(0)) resolve()
    })
  }

  #ended(wait: Wait): void {
    const open = this.#open.get(wait)
    if (open === undefined) return
    this.#open.delete(wait)
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - open.beganMs >= tellAfterMs) this.#longEndedMs = nowMs
    if (this.#isTold) this.#lookForEnd()
    else if (this.#open.size === 0) this.#timer.cancel()
  }

  /** Short waits are part of what goes on, and do not put off the end of a long one. */
  #lookForEnd(): void {
    const { clock, onOver } = this.#options
    if (this.#isLookingForEnd) return
    this.#isLookingForEnd = true
    clock.setTimer({ afterMs: overAfterMs, background: true }, () => {
      this.#isLookingForEnd = false
      const nowMs = clock.monotonicMs()
      const isLong = ({ beganMs }: OpenWait) => nowMs - beganMs >= tellAfterMs
      if (nowMs - this.#longEndedMs < overAfterMs || [...this.#open.values()].some(isLong)) return this.#lookForEnd()
      this.#timer.cancel()
      this.#isTold = false
      onOver(this.#longEndedMs - this.#beganMs)
      if (this.#open.size > 0) this.#began()
    })
  }
}
