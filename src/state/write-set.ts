import type { TableRows } from './table-rows.ts'

/** A change of a row that is not committed yet. */
export interface Write {
  readonly rows: TableRows<unknown, unknown>
  readonly key: unknown
  /** What the codec of the table has made of the value; nothing where the row is deleted. */
  readonly captured: unknown
  readonly isDeletion: boolean
}

/** What a transaction changes: the last change of each row, in the order in which rows were first changed. */
export class WriteSet {
  readonly #byTable = new Map<TableRows<unknown, unknown>, Map<string | number, Write>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(write: Write): void {
    let writes = this.#byTable.get(write.rows)
    if (writes === undefined) this.#byTable.set(write.rows, (writes = new Map()))
    const before = writes.size
    writes.set(write.rows.keys.identityOf(write.key), write)
    this.#count += writes.size - before
  }

  find(rows: TableRows<unknown, unknown>, key: unknown): Write | undefined {
    if (this.#count === 0) return undefined
    return this.#byTable.get(rows)?.get(rows.keys.identityOf(key))
  }

  /** The changes of one table. */
  of(rows: TableRows<unknown, unknown>): readonly Write[] {
    return [...(this.#byTable.get(rows)?.values() ?? [])]
  }

  *[Symbol.iterator](): Generator<Write, void> {
    for (const writes of this.#byTable.values()) yield* writes.values()
  }
}
