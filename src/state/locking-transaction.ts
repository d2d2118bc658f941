import type { KeyLocks } from './key-locks.ts'
import { rowsOf, rowsWithin, type TableRef } from './table-ref.ts'
import type { TableRows } from './table-rows.ts'
import { WriteSet } from './write-set.ts'
import { transactionEnded, transactionTooLarge } from './transaction-errors.ts'

type Rows = TableRows<unknown, unknown>

/**
 * A transaction that locks each key before it reads or writes it, until its end (strict two-phase locking), and so
 * reads the latest version. Nobody else can commit a change of a key that it has locked, so its own commit needs no
 * validation. It has no scans: a lock on each key of a range would not keep new ones out.
 */
export class LockingTransaction {
  /** @internal */
  readonly writes = new WriteSet()
  readonly #versions: { readonly version: number }
  readonly #locks: KeyLocks
  readonly #wait: { readonly waitMs: number; readonly signal: AbortSignal | undefined }
  readonly #operationsMax: number
  #locked = 0
  #isOpen = true
  #innerFailure: { readonly error: unknown } | undefined

  constructor(
    versions: { readonly version: number },
    locks: KeyLocks,
    { operationsMax, ...wait }: { waitMs: number; signal: AbortSignal | undefined; operationsMax: number },
  ) {
    this.#versions = versions
    this.#locks = locks
    this.#wait = wait
    this.#operationsMax = operationsMax
  }

  /** @internal */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Locks the key, and gives the value of its row. */
  async get<Key, Value>(table: TableRef<Key, Value>, key: Key): Promise<Value | undefined> {
    const rows = rowsWithin(table, this.#versions)
    const captured = await this.#lock(rows, key)
    const own = this.writes.find(rows as Rows, captured)
    if (own === undefined) return rows.get(captured, this.#versions.version)
    return own.isDeletion ? undefined : rows.values.restore(own.captured)
  }

  /** Locks the key, and tells whether there is a row. */
  async has<Key, Value>(table: TableRef<Key, Value>, key: Key): Promise<boolean> {
    const rows = rowsWithin(table, this.#versions)
    const captured = await this.#lock(rows, key)
    const own = this.writes.find(rows as Rows, captured)
    return own === undefined ? rows.has(captured, this.#versions.version) : !own.isDeletion
  }

  /** Locks the key, and sets the value of its row. */
  async set<Key, Value>(table: TableRef<Key, Value>, key: Key, value: Value): Promise<void> {
    const rows = rowsWithin(table, this.#versions)
    const captured = rows.capture(value)
    this.writes.add({ rows: rows as Rows, key: await this.#lock(rows, key), captured, isDeletion: false })
  }

  /** Locks the key, and deletes its row; tells whether it was there. */
  async delete<Key, Value>(table: TableRef<Key, Value>, key: Key): Promise<boolean> {
    const isThere = await this.has(table, key)
    const rows = rowsOf(table) as Rows
    if (isThere) this.writes.add({ rows, key: rows.keys.capture(key), captured: undefined, isDeletion: true })
    return isThere
  }

  /** @internal */
  failInside(error: unknown): void {
    this.#innerFailure ??= { error }
  }

  /** @internal */
  checkInside(): void {
    if (this.#innerFailure !== undefined) throw this.#innerFailure.error
  }

  /** @internal */
  end(): void {
    this.#isOpen = false
    this.#locks.release(this)
  }

  async #lock<Key, Value>(rows: TableRows<Key, Value>, key: Key): Promise<Key> {
    this.#checkOpen()
    if (++this.#locked > this.#operationsMax) throw transactionTooLarge('locks', 'keys', this.#operationsMax)
    const captured = rows.keys.capture(key)
    await this.#locks.acquire(this, rows as Rows, captured, this.#wait)
    this.#checkOpen()
    return captured
  }

  #checkOpen(): void {
    if (this.#isOpen) return
    throw transactionEnded()
  }
}
