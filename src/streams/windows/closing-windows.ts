import type { Participating } from '../epochs/epoch-participant.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { Aggregation } from '../topology/aggregation.ts'
import type { Windows } from '../topology/windows.ts'
import { overBefore } from './over-windows.ts'
import type { WindowPlacing } from './window-placing.ts'
import type { WindowResults } from './window-results.ts'
import type { WindowRows } from './window-rows.ts'

/** How soon to look again where windows are over that one epoch had no room for. */
const pollMs = 1
/** What the checkpoint has of a row that leaves without a result, about. */
const deletionBytes = 64

/**
 * Has windows leave that are over, with their results, in the epochs of the program and as part of them: a window is over when the time that
 * the records tell has reached its end and the grace after it. From then on no record is taken into it, whether or not
 * its result has been published.
 */
export class ClosingWindows {
  readonly #windows: Windows
  /** Whether a window has its result when it closes; else it has had one with each record. */
  readonly #publishes: boolean
  readonly #rows: Participating<WindowRows>
  readonly #clock: Pick<EventClock, 'nowMs'>
  readonly #placing: Pick<WindowPlacing, 'resultOf' | 'failure'>
  readonly #results: WindowResults

  constructor(
    { windows, results: when }: Pick<Aggregation, 'windows' | 'results'>,
    rows: Participating<WindowRows>,
    clock: Pick<EventClock, 'nowMs'>,
    placing: Pick<WindowPlacing, 'resultOf' | 'failure'>,
    results: WindowResults,
  ) {
    this.#windows = windows
    this.#publishes = when === 'closed'
    this.#rows = rows
    this.#clock = clock
    this.#placing = placing
    this.#results = results
  }

  /** How soon to look again; absent where records have to come before a window is over. */
  get pollMs(): number | undefined {
    return this.areDue ? pollMs : undefined
  }

  /** Whether there are windows that are over. */
  get areDue(): boolean {
    return this.#rows.firstMs < this.#overBeforeMs
  }

  /**
   * Has windows leave that are over, in their order, until their results take so many bytes; one at least leaves. To be
   * called while no epoch is on its way.
   *
   * @param epoch - The number of the current one.
   */
  run(roomBytes: number, epoch: number): void {
    if (!this.areDue) return
    let room = roomBytes
    this.#rows.leaveBefore(this.#overBeforeMs, (name, row) => {
      const result = this.#publishes ? this.#placing.resultOf(name, row) : undefined
      room -= result === undefined ? deletionBytes : this.#results.write(name, result, epoch, this.#placing.failure)
      return room > 0
    })
  }

  get #overBeforeMs(): number {
    return overBefore(this.#windows, this.#clock.nowMs())
  }
}
