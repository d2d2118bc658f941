import type { Clock, Timer } from '../../core/clock.ts'
import type { Autoscale } from './group-plan.ts'

/** What is scaled. */
interface Scalable {
  readonly size: number
  /** Messages pending, of all members. */
  readonly load: number
  resize(size: number): Promise<void>
}

/**
 * Grows a group while its backlog is high, and shrinks it once the backlog has been low for a while. It looks when
 * messages are sent and, only while there are more members than at least, at a timer: a group at rest costs nothing.
 */
export class Autoscaler {
  readonly #options: Required<Autoscale>
  readonly #clock: Clock
  readonly #group: Scalable
  #isOpen = false
  #isResizing = false
  #busyMs = -Infinity
  #timer: Timer | undefined

  constructor(options: Autoscale, clock: Clock, group: Scalable) {
    this.#options = { growAt: 100, shrinkAt: 10, settleMs: 10_000, ...options }
    this.#clock = clock
    this.#group = group
  }

  /** @param load - Messages pending at the member that got one more. */
  onSent(load: number): void {
    if (load <= this.#options.shrinkAt) return
    this.#busyMs = this.#clock.monotonicMs()
    if (load > this.#options.growAt) this.#grow()
  }

  open(): void {
    this.#isOpen = true
    this.#watch()
  }

  close(): void {
    this.#isOpen = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #grow(): void {
    const { size, load } = this.#group
    if (!this.#isOpen || this.#isResizing || size >= this.#options.max || load / size <= this.#options.growAt) return
    this.#resize(size + 1, () => this.#grow())
  }

  #shrink(): void {
    const { size, load } = this.#group
    const { shrinkAt, settleMs, min } = this.#options
    const nowMs = this.#clock.monotonicMs()
    if (load / size > shrinkAt) this.#busyMs = nowMs
    const isSettled = nowMs - this.#busyMs >= settleMs
    if (isSettled && !this.#isResizing && size > min) this.#resize(size - 1, () => {})
    this.#watch()
  }

  #resize(size: number, next: () => void): void {
    this.#isResizing = true
    const done = () => {
      this.#isResizing = false
      this.#watch()
    }
    // A member that does not start, or a supervisor that is down, leaves the size as it is; the next message looks
    // again.
    this.#group.resize(size).then(() => (done(), next()), done)
  }

  #watch(): void {
    if (!this.#isOpen || this.#timer !== undefined || this.#group.size <= this.#options.min) return
    this.#timer = this.#clock.setTimer({ afterMs: this.#options.settleMs, background: true }, () => {
      this.#timer = undefined
      this.#shrink()
    })
  }
}
