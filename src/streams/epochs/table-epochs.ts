import type { PendingTable } from '../../kernel/index.ts'
import type { EpochParticipant } from './epoch-participant.ts'

/** The pending table as a participant: it keeps a log for each epoch that has not committed. */
export class TableEpochs implements EpochParticipant {
  readonly #table: PendingTable

  constructor(table: PendingTable) {
    this.#table = table
  }

  close(): void {
    this.#table.beginEpoch()
  }

  commit(): void {
    this.#table.commitEpoch()
  }

  /** @throws MillraceError `TABLE_BROKEN` */
  rollback(): void {
    // A broken table ends the program: only the report of the epochs before is of use.
    if (!this.#table.isBroken) this.#table.rollback()
  }
}
