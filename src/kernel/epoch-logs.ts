import { assert } from '../core/assert.ts'
import type { TableMachine } from './table-machine.ts'
import { UndoLog } from './undo-log.ts'

/**
 * What the open epochs have changed in a table, so that it can be undone: those that are closed and not committed, oldest
 * first, and the current one, whose log the machine writes.
 */
export class EpochLogs {
  readonly #machine: TableMachine
  readonly #closed: { readonly log: UndoLog; readonly rowCount: number }[] = []
  /** Rows at the end of the last committed epoch. */
  #committedRowCount = 0

  constructor(machine: TableMachine) {
    this.#machine = machine
  }

  /** Pending rows. */
  get rowCount(): number {
    const { slotCount, rememberedSlots } = this.#machine.run
    return slotCount.value - rememberedSlots.value
  }

  /** What the current epoch has changed so far. */
  get current(): UndoLog {
    const { undoEnd, departedEnd } = this.#machine.run
    return new UndoLog(this.#machine, undoEnd.value, departedEnd.value)
  }

  /** Whether nothing has changed that a rollback would undo. */
  get isSettled(): boolean {
    const { undoEnd, departedEnd } = this.current
    return this.#closed.length === 0 && undoEnd === 0 && departedEnd === 0
  }

  begin(): void {
    this.#closed.push({ log: this.current, rowCount: this.rowCount })
    this.#beginLog()
  }

  commit(): void {
    const epoch = this.#closed.shift()
    assert(epoch !== undefined, 'an epoch is committed after the next one has begun')
    this.#machine.run.commit(epoch.log.undoEnd, epoch.log.departedEnd)
    this.#committedRowCount = epoch.rowCount
  }

  settle(): void {
    assert(this.#closed.length === 0, 'the table is settled before its first epoch, or while none is in flight')
    const { undoEnd, departedEnd } = this.current
    this.#machine.run.commit(undoEnd, departedEnd)
    this.#committedRowCount = this.rowCount
    this.#beginLog()
  }

  rollback(): void {
    const logs = [...this.#closed.splice(0).map(({ log }) => log), this.current]
    for (const { undoEnd, departedEnd } of logs.reverse()) this.#machine.run.rollback(undoEnd, departedEnd)
    this.#beginLog()
    assert(this.rowCount === this.#committedRowCount, 'a rollback leaves the rows of the last committed epoch')
  }

  #beginLog(): void {
    this.#machine.run.undoEnd.value = 0
    this.#machine.run.departedEnd.value = 0
  }
}
