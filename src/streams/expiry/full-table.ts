import type { ProgramState } from '../recovery/program-state.ts'
import type { TableSweep } from './table-sweep.ts'

/** What helps where the table is full. */
export interface FullTableRemedy {
  /** Whether the program ends if the table is full once more. */
  readonly isHopeless: boolean
  /** Whether rows are to leave before a batch that is taken in whole, whatever room there is for it. */
  readonly isOverfull: boolean
  /** Rows were taken in. */
  taken(): void
}

/**
 * A table that lets its oldest rows leave when it has no room for the next part.
 *
 * State: whether it was any use. Rows that leave give their memory back when their epoch has committed; where none has
 * left, and nothing came in since, the table will stay as full as it is. Where all had to leave, remembered keys take
 * the memory, and every further row would have to leave as well.
 */
export class FullTable implements FullTableRemedy {
  readonly #sweep: TableSweep
  readonly #table: ProgramState['table']
  readonly #bytesMax: number
  #wasUseless = false
  #wasEmptied = false

  constructor(sweep: TableSweep, table: ProgramState['table'], bytesMax: number) {
    this.#sweep = sweep
    this.#table = table
    this.#bytesMax = bytesMax
  }

  get isHopeless(): boolean {
    return this.#wasUseless || this.#wasEmptied
  }

  get isOverfull(): boolean {
    return !this.isHopeless && this.#table.liveBytes >= this.#bytesMax
  }

  taken(): void {
    this.#wasUseless = false
  }

  /** Has the oldest rows leave with the current epoch, which `close` closes, and perhaps with later ones. */
  async evict(close: () => Promise<void>): Promise<void> {
    const { rowCount } = this.#table
    this.#sweep.evict(this.#bytesMax)
    await close()
    this.#wasUseless = this.#table.rowCount === rowCount && !this.#sweep.isEvicting
    this.#wasEmptied ||= this.#table.rowCount === 0
  }
}
