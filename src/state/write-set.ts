import type { TableRows } from './table-rows.ts'

type Rows = TableRows<unknown, unknown>

/** A change of a row that is not committed yet. */
export interface Write {
  readonly rows: Rows
  readonly key: unknown
  /** What the codec of the table has made of the value; nothing where the row is deleted. */
  readonly captured: unknown
  readonly isDeletion: boolean
}

/** What a transaction changes: the last change of each row, in the order in which rows were first changed. */
export class WriteSet {
  /** Most transactions change one row, which needs no map. */
  #only: Write | undefined
  #byTable: Map<Rows, Map<string | number, Write>> | undefined
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The change, where there is no other one. */
  get only(): Write | undefined {
    return this.#only
  }

  add(write: Write): void {
    if (this.#count === 0 || (this.#only !== undefined && isSameRow(this.#only, write.rows, write.key))) {
      this.#only = write
      this.#count = 1
      return
    }
    if (this.#only !== undefined) {
      this.#byTable = new Map([[this.#only.rows, new Map([[identityOf(this.#only), this.#only]])]])
      this.#only = undefined
    }
    let writes = this.#byTable!.get(write.rows)
    if (writes === undefined) this.#byTable!.set(write.rows, (writes = new Map()))
    const before = writes.size
    writes.set(identityOf(write), write)
    this.#count += writes.size - before
  }

  find(rows: Rows, key: unknown): Write | undefined {
    if (this.#count === 0) return undefined
    if (this.#only !== undefined) return isSameRow(this.#only, rows, key) ? this.#only : undefined
    return this.#byTable!.get(rows)?.get(rows.keys.identityOf(key))
  }

  /** The changes of one table. */
  of(rows: Rows): Write[] {
    if (this.#only !== undefined) return this.#only.rows === rows ? [this.#only] : []
    return [...(this.#byTable?.get(rows)?.values() ?? [])]
  }

  *[Symbol.iterator](): Generator<Write, void> {
    if (this.#only !== undefined) yield this.#only
    for (const writes of this.#byTable?.values() ?? []) yield* writes.values()
  }
}

function isSameRow(write: Write, rows: Rows, key: unknown): boolean {
  return write.rows === rows && identityOf(write) === rows.keys.identityOf(key)
}

function identityOf({ rows, key }: Write): string | number {
  return rows.keys.identityOf(key)
}
