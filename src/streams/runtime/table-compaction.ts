import type { Clock } from '../../core/clock.ts'
import type { PendingTable } from '../../kernel/index.ts'

/** Memory that a burst has left is kept for so long: the next one would need it again, and taking it anew is dear. */
const unusedMsMin = 10_000
/** How soon the next step follows where no epoch ends before, in milliseconds. */
const stepMs = 20
/** Blocks that a step may look at. */
const looksPerStep = 4_096

/**
 * Gives memory of the table back that has not been used for some time, in small steps between other work.
 *
 * State: since when most of the memory has been unused; none of it is stored.
 */
export class TableCompaction {
  readonly #table: Pick<PendingTable, 'isSparse' | 'compact'>
  readonly #clock: Clock
  #unusedSinceMs: number | undefined

  constructor(table: Pick<PendingTable, 'isSparse' | 'compact'>, clock: Clock) {
    this.#table = table
    this.#clock = clock
  }

  /** How soon `run` has something to do; absent where nothing is to be given back. */
  get dueMs(): number | undefined {
    if (this.#unusedSinceMs === undefined) return undefined
    return Math.max(stepMs, this.#unusedSinceMs + unusedMsMin - this.#clock.monotonicMs())
  }

  /** Looks at how much is unused, and gives some of it back if that has been so for long enough. */
  run(): void {
    const nowMs = this.#clock.monotonicMs()
    if (!this.#table.isSparse) this.#unusedSinceMs = undefined
    else this.#unusedSinceMs ??= nowMs
    if (this.#unusedSinceMs === undefined || nowMs - this.#unusedSinceMs < unusedMsMin) return
    if (!this.#table.compact(looksPerStep)) this.#unusedSinceMs = undefined
  }
}
