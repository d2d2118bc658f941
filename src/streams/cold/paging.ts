import type { ComparedKey } from '../../kernel/index.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { FullTableRemedy } from '../expiry/full-table.ts'
import type { ColdExpiry } from './cold-expiry.ts'
import type { ColdParts } from './cold-parts.ts'
import type { Recall } from './recall.ts'

/** Of the bytes for rows, those that are left free when parts are recalled. */
const sparedShare = 1 / 8
/** How often more rows move out, twice as many each time, before a part fits. */
const movesMax = 4

/**
 * Says when rows move between the table and the cold parts, for the correlation, which sees to it that nothing is in
 * flight then.
 *
 * State: how often rows have moved out since a row was taken in.
 *
 * Why it goes on: a recall has the rows that the first row waiting needs, so that one is taken in next, unless there is
 * no room for its part. Then rows move out, an eighth of the table first, and twice as many each time that was not
 * enough, the fourth time all; and each time half as much as before is recalled, at the end not much more than the first
 * row waiting needs. So a row is taken in after four moves at most, or it does not fit into a table that holds nothing
 * else, and the program ends with `TABLE_FULL`. What a recall brings can not be moved out before a row is taken in but
 * by these four moves, because nothing else moves rows out.
 */
export class Paging implements FullTableRemedy {
  readonly #cold: ColdParts
  readonly #table: ProgramState['table']
  readonly #readAgain: ProgramState['readAgain']
  readonly #expiry: ColdExpiry
  readonly #ask: (recall: Recall) => void
  #moves = 0
  #isRecallingOverdue = false

  /** @param ask - Has parts read again; they come by `take`, and then `end` is called. */
  constructor(
    cold: ColdParts,
    { table, readAgain }: Pick<ProgramState, 'table' | 'readAgain'>,
    expiry: ColdExpiry,
    ask: (recall: Recall) => void,
  ) {
    this.#cold = cold
    this.#expiry = expiry
    this.#table = table
    this.#readAgain = readAgain
    this.#ask = ask
    // What an earlier life was about to recall has been rolled back.
    cold.abandonRecall()
  }

  get isRecalling(): boolean {
    return this.#cold.recall !== undefined
  }

  /** Whether rows may move: else the current epoch has to be closed, and has to commit. */
  get mayMove(): boolean {
    return this.#cold.mayMove
  }

  get isHopeless(): boolean {
    return this.#moves === movesMax
  }

  taken(): void {
    this.#moves = 0
  }

  get isOverfull(): boolean {
    return this.#moves === 0 && this.#table.liveBytes >= this.#cold.tableBytesMax
  }

  /** How many rows of a batch may be taken in before others are recalled. */
  readyRows({ columns }: RowBatch): number {
    return this.#cold.readyRows(columns)
  }

  /** Moves the oldest rows out of a full table. */
  makeRoom(): void {
    const { tableBytesMax } = this.#cold
    // It may have more than it takes in: all that was pending before this version of the program.
    const beyond = this.#table.liveBytes - tableBytesMax
    this.#cold.moveOut(Math.max(0, beyond) + tableBytesMax * this.#movedShare)
    this.#moves++
  }

  /**
   * Has parts recalled that batches need, the first one first.
   *
   * @param areTakenWhole - All that they need, however much that is: they are taken in before rows move out again.
   */
  recallFor(batches: readonly RowBatch[], areTakenWhole = false): void {
    const columns = batches.map((batch) => batch.columns)
    const bytes = areTakenWhole ? Infinity : this.#recalledBytesMax
    if (areTakenWhole) this.#moves = Math.max(1, this.#moves)
    const needed = this.#cold.neededBy(columns, bytes)
    // What moves out may be needed as well.
    this.#recall(this.#moveOutFor(needed) ? this.#cold.neededBy(columns, bytes) : needed)
  }

  /** Whether rows may have to be recalled because they expire. */
  get isExpiryDue(): boolean {
    return !this.#cold.isEmpty && this.#expiry.limitMs !== undefined
  }

  /** Has rows recalled that expire, as far as there is room; returns whether there are any. */
  recallOverdue(): boolean {
    const overdue = this.#cold.olderThan(this.#expiry.limitMs ?? -Infinity, this.#recalledBytesMax)
    if (overdue.partCount === 0) {
      this.#expiry.looked()
      return false
    }
    this.#moveOutFor(overdue)
    this.#isRecallingOverdue = true
    this.#recall(overdue)
    return true
  }

  /** Has rows recalled that are read, as far as there is room. */
  recallRead(keys: readonly ComparedKey[]): void {
    const rows = this.#cold.rowsOf(keys, this.#recalledBytesMax)
    this.#recall(this.#moveOutFor(rows) ? this.#cold.rowsOf(keys, this.#recalledBytesMax) : rows)
  }

  /** Takes parts in that are recalled. */
  take({ columns }: RowBatch): void {
    this.#cold.recall?.take(columns)
    this.#readAgain.take(columns)
  }

  /** All that was asked for has come. @returns Whether it expires. */
  end(): boolean {
    const isOverdue = this.#isRecallingOverdue
    this.#isRecallingOverdue = false
    this.#cold.endRecall()
    return isOverdue
  }

  #recall(recall: Recall): void {
    this.#cold.beginRecall(recall)
    this.#ask(recall)
  }

  /** Makes room for what is recalled; returns whether rows had to move out for it. */
  #moveOutFor(recall: Recall): boolean {
    const { tableBytesMax } = this.#cold
    const lacking = this.#table.liveBytes + this.#cold.bytesOf(recall) - tableBytesMax * (1 - sparedShare)
    if (lacking <= 0) return false
    this.#cold.moveOut(Math.max(lacking, tableBytesMax * this.#movedShare))
    return true
  }

  get #movedShare(): number {
    return sparedShare * 2 ** this.#moves
  }

  get #recalledBytesMax(): number {
    return (this.#cold.tableBytesMax / 2) * 2 ** -this.#moves
  }
}
