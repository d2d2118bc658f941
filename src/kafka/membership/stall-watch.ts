import type { Clock, Timer } from '../../core/clock.ts'
import type { LoopSigns, LoopView } from './loop-signs.ts'

/** Looks until the main loop has stood still for as long as it may, or, where that is long, the time of one. */
const looksPerStall = 8
const lookMsMax = 1_000
/** How long the loop may stand still before that is told, where it may stand still for at least twice as long. */
const tellMs = 5_000

export interface StallWatchOptions {
  readonly clock: Clock
  readonly loop: Pick<LoopView, 'ticks'>
  readonly maxStallMs: number
  /** How long it may stand still after that; `Infinity` for no bound. */
  readonly exitMs: number
  /** The loop stands still. */
  readonly onStill: (stillMs: number) => void
  /** It has stood still for `maxStallMs`. */
  readonly onStalled: () => void
  /** It has not turned for `exitMs` more. */
  readonly onGivenUp: () => void
  /** It turns again. */
  readonly onTurning: () => void
}

/** Raises the counter, twice between two looks of the other thread. Cancel it to stop. */
export function startTicking(clock: Clock, loop: LoopSigns, maxStallMs: number): Timer {
  let timer: Timer
  const tick = () => {
    loop.tick()
    timer = clock.setTimer({ afterMs: lookMs(maxStallMs) / 2, background: true }, tick)
  }
  tick()
  return { cancel: () => timer.cancel() }
}

/**
 * Finds out that the main thread's loop stands still. It counts its own looks instead of measuring time: when the whole
 * process was stopped, this thread stood still too, and nothing is known of the other.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  /** What is to happen at which look in vain. */
  readonly #marks: ReadonlyMap<number, () => void>
  #timer: Timer | undefined
  #lastTick = -1
  #looksInVain = 0

  constructor(options: StallWatchOptions) {
    this.#options = options
    const { maxStallMs, exitMs, onStill, onStalled, onGivenUp } = options
    const each = lookMs(maxStallMs)
    const stalled = Math.round(maxStallMs / each)
    const still = Math.min(Math.round(tellMs / each), Math.ceil(stalled / 2))
    const givenUp = stalled + Math.max(1, Math.round(exitMs / each))
    this.#marks = new Map([
      [still, () => onStill(Math.round(still * each))],
      [stalled, onStalled],
      [givenUp, onGivenUp],
    ])
  }

  /** Starting twice does nothing. */
  start(): void {
    if (this.#timer === undefined) this.#lookLater()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #lookLater(): void {
    const { clock, maxStallMs } = this.#options
    this.#timer = clock.setTimer({ afterMs: lookMs(maxStallMs), background: true }, () => this.#look())
  }

  #look(): void {
    const { loop, onTurning } = this.#options
    const tick = loop.ticks
    const turns = tick !== this.#lastTick
    this.#looksInVain = turns ? 0 : this.#looksInVain + 1
    this.#lastTick = tick
    this.#lookLater()
    if (turns) onTurning()
    else this.#marks.get(this.#looksInVain)?.()
  }
}

function lookMs(maxStallMs: number): number {
  return Math.min(maxStallMs / looksPerStall, lookMsMax)
}
