import { StateError } from '../core/errors.ts'
import type { Commits } from './commits.ts'
import type { LockingTransaction } from './locking-transaction.ts'
import type { Range, ScanOptions } from './range.ts'
import { TableSnapshot } from './snapshot.ts'
import { rowsOf, TableRef } from './table-ref.ts'
import type { RowBytes, TableRows } from './table-rows.ts'
import { OptimisticTransaction } from './transaction.ts'
import { WriteSet } from './write-set.ts'

const commits = Symbol('commits')

/** What a table needs of its store. */
export interface TableHost {
  readonly commits: Commits
  /** The transaction in which the caller runs, if it runs in one. */
  ambient(): OptimisticTransaction | LockingTransaction | undefined
}

/**
 * Rows of keys and values outside the JavaScript heap.
 *
 * Inside the function of a transaction of the store its methods are part of that transaction; elsewhere each call is a
 * transaction of its own.
 */
export class Table<Key, Value, Zone extends string = string> extends TableRef<Key, Value, Zone> {
  readonly #host: TableHost
  readonly [commits]: Commits

  /** @internal */
  constructor(rows: TableRows<Key, Value>, zones: readonly Zone[], host: TableHost) {
    super(rows, zones, host.commits)
    this.#host = host
    this[commits] = host.commits
  }

  /** How many rows there are. */
  get size(): number {
    return this.#transaction()?.size(this) ?? rowsOf(this).sizeAt(this[commits].version)
  }

  /** Bytes of the versions of rows, in blocks of 16 bytes; the index takes 13 to 27 bytes a row more. */
  get usedBytes(): number {
    return rowsOf(this).usedBytes
  }

  /** The value of a row; `undefined` where it is absent. */
  get(key: Key): Value | undefined {
    const transaction = this.#transaction()
    if (transaction !== undefined) return transaction.get(this, key)
    const rows = rowsOf(this)
    return rows.get(rows.keys.capture(key), this[commits].version)
  }

  has(key: Key): boolean {
    const transaction = this.#transaction()
    if (transaction !== undefined) return transaction.has(this, key)
    const rows = rowsOf(this)
    return rows.has(rows.keys.capture(key), this[commits].version)
  }

  /**
   * Sets the value of a row.
   *
   * @throws StateError `STATE_VALUE_INVALID` where the key or the value is none of the table.
   * @throws StateError `STATE_BYTES_EXCEEDED` where the table is full.
   * @throws TransactionConflict `TRANSACTION_CONFLICT` where a pessimistic transaction has locked the key.
   */
  set(key: Key, value: Value): void {
    const transaction = this.#transaction()
    if (transaction !== undefined) return transaction.set(this, key, value)
    const rows = rowsOf(this)
    this[commits].setOne(rows as TableRows<unknown, unknown>, rows.keys.capture(key), rows.capture(value))
  }

  /** Deletes a row; returns whether it was there. */
  delete(key: Key): boolean {
    const transaction = this.#transaction()
    if (transaction !== undefined) return transaction.delete(this, key)
    const rows = rowsOf(this)
    return this[commits].deleteOne(rows as TableRows<unknown, unknown>, rows.keys.capture(key))
  }

  /**
   * The rows of the table, or of a range of its keys, as they are when the first one is taken, whatever is written
   * meanwhile. In the order of the keys where the table is ordered, or from the last one on with `reverse`. What is read
   * is kept until the iteration ends: an iterator that is left before its end has to be told so, as `for … of` does.
   *
   * @throws StateError `STATE_TABLE_UNORDERED` for a range, or a direction, of a table without order.
   * @throws StateError `STATE_RANGE_INVALID` for an option that there is not, two bounds of one end, or a limit that is
   * no number of rows.
   */
  *scan(options: ScanOptions<Key> = {}): Generator<[Key, Value], void> {
    const transaction = this.#transaction()
    if (transaction !== undefined) return yield* transaction.scan(this, options)
    using snapshot = this.at(this[commits].version)
    yield* snapshot.scan(options)
  }

  /**
   * The rows whose number in a zone map is in a range, as they are when the first one is taken, in no order. Parts of
   * the memory in which none can be are left out.
   *
   * @throws StateError `STATE_ZONE_UNKNOWN` where the table has no such zone map.
   * @throws StateError `STATE_RANGE_INVALID` for a bound that there is not, or two of one end.
   */
  *where(zone: Zone, range: Range<number>): Generator<[Key, Value], void> {
    const transaction = this.#transaction()
    if (transaction !== undefined) return yield* transaction.where(this, zone, range)
    using snapshot = this.at(this[commits].version)
    yield* snapshot.where(zone, range)
  }

  /** Deletes all rows, in one commit. */
  clear(): void {
    const transaction = this.#transaction()
    if (transaction !== undefined) return transaction.clear(this)
    const rows = rowsOf(this) as TableRows<unknown, unknown>
    const writes = new WriteSet()
    for (const [key] of this.scan()) writes.add({ rows, key, captured: undefined, isDeletion: true })
    this[commits].install(writes, undefined)
  }

  /**
   * The table as it was at a version, which has to be the latest, or one that a snapshot or a running transaction still
   * reads. Dispose of it: what it reads is kept until then.
   *
   * @throws StateError `STATE_VERSION_DROPPED` for any other version.
   */
  at(version: number): TableSnapshot<Key, Value, Zone> {
    if (version !== this[commits].version && !this[commits].pins.has(version)) {
      const message = `version ${version} is not kept any more: take a snapshot while it is the latest one`
      throw new StateError('STATE_VERSION_DROPPED', message, { version, latest: this[commits].version })
    }
    return new TableSnapshot(rowsOf(this), this[commits], version)
  }

  #transaction(): OptimisticTransaction | undefined {
    const transaction = this.#host.ambient()
    if (transaction === undefined || transaction instanceof OptimisticTransaction) return transaction
    const message = `table ${this.name} cannot wait for locks: use the methods of the pessimistic transaction`
    throw new StateError('TRANSACTION_NESTED', message, { table: this.name })
  }
}

/**
 * Puts a row into a table of which nobody knows yet, as bytes that its codecs have written, or takes it out.
 *
 * @throws StateError `STATE_BYTES_EXCEEDED`
 */
export function loadRow<Key, Value>(table: Table<Key, Value>, row: RowBytes): void {
  table[commits].installBytes(rowsOf(table) as TableRows<unknown, unknown>, row)
}

/** Shows all rows of a table as bytes, in no order, each until `visit` returns. */
export function visitRows<Key, Value>(table: Table<Key, Value>, visit: (row: RowBytes) => void): void {
  rowsOf(table).visit(table[commits].version, visit)
}
