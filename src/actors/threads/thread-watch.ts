import type { Clock, Timer } from '../../core/clock.ts'

/** What is watched. */
interface Watched {
  /** Whether an answer is due, some time. */
  isOutstanding(): boolean
  ping(): void
  onBlocked(): void
  defer(work: () => void): void
}

/** Milliseconds that a thread has for its start: its modules are compiled then. */
const startMs = 60_000

/**
 * Finds out that a thread is blocked: one that is expected to say something is asked for a sign of life when it has been
 * silent for half of `blockedMs`, and is blocked if it does not give one in the other half. Nothing is asked, and no
 * timer runs, while nothing is expected.
 */
export class ThreadWatch {
  readonly #clock: Clock
  readonly #blockedMs: number
  readonly #watched: Watched
  #timer: Timer | undefined
  #hasStarted = false
  #isHeard = false
  #isAsked = false

  constructor(clock: Clock, blockedMs: number, watched: Watched) {
    this.#clock = clock
    this.#blockedMs = blockedMs
    this.#watched = watched
  }

  /** Something was sent. */
  onSent(): void {
    if (this.#timer === undefined) this.#arm(this.#hasStarted ? this.#blockedMs / 2 : startMs)
  }

  /** The thread has said something. */
  onHeard(): void {
    this.#isHeard = true
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.close()
    if (this.#watched.isOutstanding()) this.onSent()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(afterMs: number): void {
    this.#isHeard = false
    // What the thread has said may be there already, and this one be late in looking at it.
    this.#timer = this.#clock.setTimer({ afterMs, background: true }, () =>
      this.#watched.defer(() => {
        if (this.#timer !== undefined) this.#look()
      }),
    )
  }

  #look(): void {
    this.#timer = undefined
    const isSilent = !this.#isHeard && this.#watched.isOutstanding()
    if (isSilent && (this.#isAsked || !this.#hasStarted)) return this.#watched.onBlocked()
    this.#isAsked = isSilent
    if (isSilent) this.#watched.ping()
    if (this.#watched.isOutstanding()) this.#arm(this.#blockedMs / 2)
  }
}
