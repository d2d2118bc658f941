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
    const { undoEnd, departedEnd, copiesEnd } = this.#machine.run
    return new UndoLog(this.#machine, undoEnd.value, departedEnd.value, copiesEnd.value)
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
    this.#commit(epoch.log)
    this.#committedRowCount = epoch.rowCount
  }

  settle(): void {
    assert(this.#closed.length === 0, 'the table is settled before its first epoch, or while none is in flight')
    this.#commit(this.current)
    this.#committedRowCount = this.rowCount
    this.#beginLog()
  }

  rollback(): void {
    const logs = [...this.#closed.splice(0).map(({ log }) => log), this.current]
    for (const { undoEnd, departedEnd, copiesEnd } of logs.reverse()) {
      this.#machine.run.rollback(undoEnd, departedEnd, copiesEnd)
    }
    this.#beginLog()
    assert(this.rowCount === this.#committedRowCount, 'a rollback leaves the rows of the last committed epoch')
  }

  #commit({ undoEnd, departedEnd, copiesEnd }: UndoLog): void {
    this.#machine.run.commit(undoEnd, departedEnd, copiesEnd)
  }

  #beginLog(): void {
    const { undoEnd, departedEnd, copiesEnd } = this.#machine.run
    for (const end of [undoEnd, departedEnd, copiesEnd]) end.value = 0
  }
}
