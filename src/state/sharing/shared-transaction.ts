import type { Connection } from './connection.ts'
import type { TableUse } from './messages.ts'
import { type SharedTable, sharedRowsOf, type SharedTableRows } from './shared-table.ts'
import { transactionEnded, transactionTooLarge } from '../transaction-errors.ts'

/** Isolation that is possible between threads. */
export type SharedIsolation = 'snapshot' | 'serializable'

/**
 * What the function of a transaction works with in a thread other than that of the store. Only what can be validated row
 * by row is possible there: scans, sizes and zone maps are for the thread of the store.
 */
export interface SharedTransaction {
  /** The value of a row, `undefined` where it is absent. */
  get<Key, Value>(table: SharedTable<Key, Value>, key: Key): Value | undefined
  has<Key, Value>(table: SharedTable<Key, Value>, key: Key): boolean
  set<Key, Value>(table: SharedTable<Key, Value>, key: Key, value: Value): void
  /** Deletes a row; returns whether it was there. */
  delete<Key, Value>(table: SharedTable<Key, Value>, key: Key): boolean
}

type Rows = SharedTableRows<unknown, unknown>
interface Write {
  readonly key: unknown
  readonly captured: unknown
  readonly isDeletion: boolean
}
interface Touched {
  /** By what tells keys apart. */
  readonly reads: Map<string | number, unknown>
  readonly writes: Map<string | number, Write>
}

/** A transaction that reads at a version, which is pinned, and sends its changes to the thread of the store. */
export class ThreadTransaction implements SharedTransaction {
  readonly isolation: SharedIsolation
  readonly start: number
  readonly #operationsMax: number
  readonly #connection: Connection
  readonly #touched = new Map<Rows, Touched>()
  #count = 0
  #isEnded = false
  #innerFailure: { readonly error: unknown } | undefined

  constructor(
    start: number,
    {
      isolation,
      operationsMax,
      connection,
    }: { isolation: SharedIsolation; operationsMax: number; connection: Connection },
  ) {
    this.start = start
    this.isolation = isolation
    this.#operationsMax = operationsMax
    this.#connection = connection
  }

  get isOpen(): boolean {
    return !this.#isEnded
  }

  get<Key, Value>(table: SharedTable<Key, Value>, key: Key): Value | undefined {
    const rows = this.#begin(table)
    const captured = rows.keys.capture(key)
    const own = this.#own(rows as Rows, captured)
    if (own !== undefined) return own.isDeletion ? undefined : rows.values.restore(own.captured)
    return rows.get(captured, this.start)
  }

  has<Key, Value>(table: SharedTable<Key, Value>, key: Key): boolean {
    const rows = this.#begin(table)
    const captured = rows.keys.capture(key)
    const own = this.#own(rows as Rows, captured)
    return own === undefined ? rows.has(captured, this.start) : !own.isDeletion
  }

  set<Key, Value>(table: SharedTable<Key, Value>, key: Key, value: Value): void {
    const rows = this.#begin(table)
    const write = { key: rows.keys.capture(key), captured: rows.values.capture(value), isDeletion: false }
    this.#write(rows as Rows, write)
  }

  delete<Key, Value>(table: SharedTable<Key, Value>, key: Key): boolean {
    const isThere = this.has(table, key)
    const rows = sharedRowsOf(table, this.#connection) as Rows
    if (isThere) this.#write(rows, { key: rows.keys.capture(key), captured: undefined, isDeletion: true })
    return isThere
  }

  /** What its commit needs; nothing where it has changed nothing, and so is valid as it is. */
  uses(): TableUse[] {
    const touched = [...this.#touched]
    if (touched.every(([, { writes }]) => writes.size === 0)) return []
    return touched.map(([{ place }, { reads, writes }]) => {
      const changes = [...writes.values()]
      const validated = this.isolation === 'serializable' ? [...reads.values()] : changes.map(({ key }) => key)
      return { table: place, reads: validated, writes: changes }
    })
  }

  /** Lets the transaction fail at its commit, because a part of it has failed, whose changes must not remain. */
  failInside(error: unknown): void {
    this.#innerFailure ??= { error }
  }

  /** @throws What a part of it has failed with. */
  checkInside(): void {
    if (this.#innerFailure !== undefined) throw this.#innerFailure.error
  }

  end(): void {
    this.#isEnded = true
  }

  #begin<Key, Value>(table: SharedTable<Key, Value>): SharedTableRows<Key, Value> {
    if (this.#isEnded) throw transactionEnded()
    this.#connection.checkOpen()
    return sharedRowsOf(table, this.#connection)
  }

  /** The own change of a row; where there is none, it is noted as read. */
  #own(rows: Rows, key: unknown): Write | undefined {
    const { reads, writes } = this.#of(rows)
    const identity = rows.keys.identityOf(key)
    const own = writes.get(identity)
    if (own === undefined) this.#put(reads, identity, key)
    return own
  }

  #write(rows: Rows, write: Write): void {
    this.#put(this.#of(rows).writes, rows.keys.identityOf(write.key), write)
  }

  #of(rows: Rows): Touched {
    let touched = this.#touched.get(rows)
    if (touched === undefined) this.#touched.set(rows, (touched = { reads: new Map(), writes: new Map() }))
    return touched
  }

  #put<Item>(items: Map<string | number, Item>, identity: string | number, item: Item): void {
    this.#count += Number(!items.has(identity))
    items.set(identity, item)
    if (this.#count <= this.#operationsMax) return
    throw transactionTooLarge('reads and writes', 'rows', this.#operationsMax)
  }
}
