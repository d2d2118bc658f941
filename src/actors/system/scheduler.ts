import type { Clock } from '../../core/clock.ts'
import { Fifo } from '../mailbox/fifo.ts'

/** Something that does one step of work when its turn comes. */
export interface Runnable {
  run(): void
}

/** Steps before the event loop turns, so that actors that keep each other busy do not starve IO and timers. */
const stepsPerTurn = 1_024
/** Milliseconds of steps after which the event loop turns, however few they were. */
const turnMs = 2

/**
 * Runs what is ready, one step each in turn: by one microtask per wake-up, and on across turns of the event loop when a
 * turn's allowance is used up. The allowance is per turn and not per wake-up, because actors that wake each other
 * by microtasks would otherwise never let the loop turn.
 */
export class Scheduler {
  readonly #clock: Clock
  readonly #betweenTurns: (() => void) | undefined
  readonly #ready = new Fifo<Runnable>()
  // While true, somebody is bound to look at the queue: a microtask, the drain on the stack, or the end of this turn.
  #isAwake = false
  #isTurnOpen = false
  #stepsLeft = 0
  #turnEndsMs = 0

  /** @param betweenTurns - Called before it goes on with another turn: what is to leave does not wait for that one too. */
  constructor(clock: Clock, betweenTurns?: () => void) {
    this.#clock = clock
    this.#betweenTurns = betweenTurns
  }

  schedule(runnable: Runnable): void {
    this.#ready.push(runnable)
    if (this.#isAwake) return
    this.#isAwake = true
    queueMicrotask(this.#drain)
  }

  readonly #drain = (): void => {
    if (!this.#isTurnOpen) this.#openTurn()
    while (this.#stepsLeft > 0) {
      const next = this.#ready.shift()
      if (next === undefined) {
        this.#isAwake = false
        return
      }
      next.run()
      this.#stepsLeft = this.#clock.monotonicMs() < this.#turnEndsMs ? this.#stepsLeft - 1 : 0
    }
  }

  #openTurn(): void {
    this.#isTurnOpen = true
    this.#stepsLeft = stepsPerTurn
    this.#turnEndsMs = this.#clock.monotonicMs() + turnMs
    setImmediate(this.#closeTurn)
  }

  readonly #closeTurn = (): void => {
    this.#isTurnOpen = false
    if (!this.#isAwake) return
    this.#betweenTurns?.()
    this.#drain()
  }
}
