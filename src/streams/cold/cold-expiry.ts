import type { TableSweep } from '../expiry/table-sweep.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { TimeOfDay } from '../time/time-of-day.ts'
import type { Expiry } from '../topology/plan-leaving.ts'

/** As the sweep of the table does, it looks when the time has gone on by this share of what rows may be pending. */
const timeShare = 1 / 8

export interface ColdExpiryParts {
  /** Absent where rows do not expire. */
  readonly expiry: Expiry | undefined
  readonly deadlines: ProgramState['deadlines']
  readonly timeOfDay: Pick<TimeOfDay, 'nowMs'>
  /** Takes them out of the table. */
  readonly sweep: TableSweep
}

/**
 * Says when cold rows are to be recalled because they expire, which is a matter of the table: there the sweep finds them,
 * so they leave as all others do.
 *
 * State: how far time had gone when none were left.
 */
export class ColdExpiry {
  readonly #parts: ColdExpiryParts
  #lookedMs = -Infinity

  constructor(parts: ColdExpiryParts) {
    this.#parts = parts
  }

  /** Rows of this time or before are to be recalled; undefined while it is not time to look for some, or to sweep first. */
  get limitMs(): number | undefined {
    const { expiry, sweep } = this.#parts
    if (expiry === undefined || this.#nowMs() - this.#lookedMs < expiry.afterMs * timeShare) return undefined
    return sweep.areRowsDue() ? undefined : this.#nowMs() - expiry.afterMs
  }

  /** None are left. */
  looked(): void {
    this.#lookedMs = this.#nowMs()
  }

  #nowMs(): number {
    const { deadlines, timeOfDay } = this.#parts
    return deadlines.nowMs(timeOfDay.nowMs())
  }
}
