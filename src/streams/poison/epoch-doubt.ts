import type { Session } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'

/** How many records an epoch may have that is in doubt. */
const recordsMax = 1_000_000

/**
 * Whether the current epoch is in doubt, and not to be closed yet: a function failed on the last records that it saw,
 * so that those are dead letters, or, where it fails on the next ones too, the fault is not theirs and the program
 * stops without them. So it is where the last records of a source are all dead letters, and that may stop the program.
 *
 * State: how many records the epoch has, and whether a function has failed on any of them.
 */
export class EpochDoubt {
  readonly #clock: Services['clock']
  readonly #session: Pick<Session, 'openStreaks' | 'schedule'>
  #recordCount = 0
  #hasFailures = false

  constructor({ clock }: Pick<Services, 'clock'>, session: Pick<Session, 'openStreaks' | 'schedule'>) {
    this.#clock = clock
    this.#session = session
  }

  /** Rows came into the epoch. */
  note(rowCount: number, hasFailures: boolean): void {
    this.#recordCount += rowCount
    this.#hasFailures ||= hasFailures
  }

  /** The next epoch begins. */
  reset(): void {
    this.#recordCount = 0
    this.#hasFailures = false
  }

  /** Whether it may be in doubt, as far as its records tell. */
  get isPossible(): boolean {
    return this.#hasFailures && this.#session.openStreaks.size > 0 && this.#recordCount < recordsMax
  }

  /**
   * @param openBytes - Of batches that are being filled.
   * @param isIdle - Whether nothing is on its way.
   */
  isOpen(openBytes: number, isIdle: boolean): boolean {
    return this.isPossible && this.#session.schedule.mayStayOpen(this.#clock.monotonicMs(), openBytes, isIdle)
  }
}
