import type { PendingTable, TableCounts } from '../../kernel/index.ts'
import { type SweepState, TableSweep } from '../expiry/table-sweep.ts'
import { AwaitedSweep } from '../optional/awaited-sweep.ts'
import type { Closing, LookedAt, ShardSetup } from './shard-messages.ts'

/**
 * What lets rows leave a shard by the time: those that have expired, and those that have waited long enough for optional
 * sides. Of one life.
 *
 * State: the times that the main thread has told last.
 */
export class RowSweeps {
  readonly #expired: TableSweep
  readonly #awaited: AwaitedSweep | undefined
  #deadlineMs = -Infinity
  #monotonicMs = 0

  /** @param accounting - Counters of the current epoch. */
  constructor(
    { expiry, withinMs }: Pick<ShardSetup, 'expiry' | 'withinMs'>,
    table: PendingTable,
    accounting: { readonly current: TableCounts },
  ) {
    // The time of day counts for nothing here: which clock rows expire by is known where the program is.
    const deadlines = { nowMs: () => this.#deadlineMs }
    this.#expired = new TableSweep(expiry, { table, accounting, deadlines }, deadlines, { expiredMs: -Infinity })
    const clock = { monotonicMs: () => this.#monotonicMs }
    this.#awaited = withinMs === undefined ? undefined : new AwaitedSweep(withinMs, { table, accounting }, clock)
  }

  get expired(): SweepState {
    return this.#expired.state
  }

  get isPassing(): boolean {
    return this.#awaited?.isPassing === true
  }

  /** Lets rows leave with the current epoch, before it closes. */
  run({ nowMs, monotonicMs, roomBytes }: Closing): void {
    this.#deadlineMs = nowMs
    this.#monotonicMs = monotonicMs
    this.#expired.run(roomBytes)
    this.#awaited?.run(roomBytes)
  }

  /** Goes on without an epoch. */
  look(monotonicMs: number): LookedAt {
    this.#monotonicMs = monotonicMs
    return { isDue: this.#awaited?.look() === true, isPassing: this.isPassing }
  }
}
