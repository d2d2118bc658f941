import type { Clock } from '../core/clock.ts'
import type { EpochState } from './epoch-state.ts'
import type { Expiry } from './plan.ts'

/** A sweep over all parts begins when the time has gone on by this share of what rows may wait: so late they may leave. */
const sweepShare = 1 / 8
/** Parts that are looked at in one epoch, at least; and the share of all rows, where that is more. */
const partsPerEpochMin = 65_536
const rowsShare = 1 / 4
/** How often the time of day is looked at while no epoch is open, in milliseconds. */
const pollMsMax = 10_000

/**
 * Lets rows leave whose other parts did not come in time, in the epochs of the pipeline and as part of them.
 *
 * State: how far time had gone when the last sweep began, and whether it has ended. None of it is stored: what is over
 * follows from the timestamps of the parts.
 * Cost: one pass over the headers of the table's parts, in order, for every eighth of the time that rows may wait.
 */
export class ExpirySweep {
  readonly #expiry: Expiry
  readonly #state: EpochState
  readonly #clock: Clock
  #begunMs = -Infinity
  #isSweeping = false

  constructor(expiry: Expiry, state: EpochState, clock: Clock) {
    this.#expiry = expiry
    this.#state = state
    this.#clock = clock
  }

  /** How soon to look again where rows can expire while no records come; absent where they cannot. */
  get pollMs(): number | undefined {
    if (this.#expiry.by === 'eventTime') return undefined
    return Math.min(pollMsMax, this.#expiry.afterMs * sweepShare)
  }

  /** Whether a sweep is to begin, or to go on. */
  isDue(): boolean {
    if (this.#state.table.rowCount === 0) return false
    return this.#isSweeping || this.#nowMs() - this.#begunMs >= this.#expiry.afterMs * sweepShare
  }

  /** Begins a sweep, or goes on with it. */
  run(): void {
    if (!this.isDue()) return
    const { table, accounting } = this.#state
    const nowMs = this.#nowMs()
    if (!this.#isSweeping) this.#begunMs = nowMs
    const partsMax = Math.max(partsPerEpochMin, Math.ceil(table.rowCount * rowsShare))
    this.#isSweeping = !table.sweep(nowMs - this.#expiry.afterMs, partsMax, accounting.current)
  }

  #nowMs(): number {
    return this.#state.eventClock?.nowMs() ?? this.#clock.nowMs()
  }
}
