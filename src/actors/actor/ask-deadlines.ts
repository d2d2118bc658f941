import type { Clock, Timer } from '../../core/clock.ts'

/** A question, as its deadline knows it. */
interface Timed {
  readonly timeoutMs: number
  readonly isSettled: boolean
  /** Set where it is to leave when it is settled. */
  deadlines: AskDeadlines | undefined
  /** The time is up. */
  expire(): void
}

/** Questions with the same timeout, in the order of their deadlines, and one timer for all. */
interface Line {
  readonly deadlineMs: Map<Timed, number>
  timer: Timer
}

/**
 * Ends the questions of a system whose time is up. Most are answered within the turn of the event loop in which they
 * were asked, and cost an entry in a list. Those left at its end wait in the line of their timeout: a question has its
 * time from then on, which is when a timer of its own would begin to be looked at.
 */
export class AskDeadlines {
  readonly #clock: Clock
  readonly #lines = new Map<number, Line>()
  /** The questions of this turn. */
  #recent: Timed[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  enter(ask: Timed): void {
    if (this.#recent.length === 0) setImmediate(this.#onTurn)
    this.#recent.push(ask)
  }

  /** Lets go of a question that is settled. */
  leave(ask: Timed): void {
    const line = this.#lines.get(ask.timeoutMs)
    if (line === undefined || !line.deadlineMs.delete(ask) || line.deadlineMs.size > 0) return
    line.timer.cancel()
    this.#lines.delete(ask.timeoutMs)
  }

  readonly #onTurn = (): void => {
    const recent = this.#recent
    this.#recent = []
    const nowMs = this.#clock.monotonicMs()
    for (const ask of recent) {
      if (ask.isSettled) continue
      ask.deadlines = this
      const deadlineMs = nowMs + ask.timeoutMs
      const line = this.#lines.get(ask.timeoutMs)
      if (line === undefined) this.#lines.set(ask.timeoutMs, this.#newLine(ask, deadlineMs))
      else line.deadlineMs.set(ask, deadlineMs)
    }
  }

  #newLine(ask: Timed, deadlineMs: number): Line {
    const timer = this.#setTimer(ask.timeoutMs, ask.timeoutMs)
    return { deadlineMs: new Map([[ask, deadlineMs]]), timer }
  }

  #setTimer(timeoutMs: number, afterMs: number): Timer {
    return this.#clock.setTimer({ afterMs }, () => this.#onTimer(timeoutMs))
  }

  #onTimer(timeoutMs: number): void {
    const line = this.#lines.get(timeoutMs)!
    const nowMs = this.#clock.monotonicMs()
    for (const [ask, deadlineMs] of line.deadlineMs) {
      if (deadlineMs > nowMs) {
        line.timer = this.#setTimer(timeoutMs, deadlineMs - nowMs)
        return
      }
      ask.expire()
    }
  }
}
