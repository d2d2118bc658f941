import type { Clock } from '../core/clock.ts'
import { ChangeFeed } from './change-feed.ts'
import { TransactionConflict } from './conflict.ts'
import { KeyLocks, type LockOwner } from './key-locks.ts'
import { Pins } from './pins.ts'
import { ThreadPins } from './sharing/thread-pins.ts'
import type { Linked, RowBytes, TableRows } from './table-rows.ts'
import type { Write, WriteSet } from './write-set.ts'

/**
 * The one place where versions are made. A commit links all its rows under the next version, which nobody reads yet,
 * and then makes that version the latest: one store, before which it has not happened and after which it has happened
 * whole.
 *
 * State: the latest version; the versions that are read, by other threads too where the store is shared; the locks of
 * keys.
 */
export class Commits {
  readonly locks: KeyLocks
  readonly feed: ChangeFeed
  readonly pins = new Pins()
  /** Nothing where one thread alone uses the store. */
  readonly threadPins: ThreadPins | undefined
  #version = 0

  constructor({ clock, changesMax, isShared }: { clock: Clock; changesMax: number; isShared: boolean }) {
    this.threadPins = isShared ? new ThreadPins(this.pins) : undefined
    this.locks = new KeyLocks(clock)
    this.feed = new ChangeFeed(changesMax)
  }

  /** The version of the last commit: how many there have been. */
  get version(): number {
    return this.#version
  }

  /** Versions of rows that are kept for those who read them alone. */
  get keptVersions(): number {
    this.threadPins?.look(this.#version)
    return this.pins.keptCount
  }

  pin(version: number): void {
    this.pins.pin(version)
  }

  unpin(version: number): void {
    this.pins.unpin(version)
  }

  /**
   * Makes changes the next version. The deletion of a row that is not there is none: the same transaction has made the
   * row, or it came and went meanwhile.
   *
   * @throws TRANSACTION_CONFLICT where a transaction other than `owner` has locked a row of them.
   * @throws STATE_BYTES_EXCEEDED where a table is full. In both cases nothing has happened.
   */
  install(writes: WriteSet, owner: LockOwner | undefined): void {
    const { only } = writes
    if (only !== undefined) {
      if (this.#isChange(only)) this.installOne(only, owner)
      return
    }
    const version = this.#version + 1
    const linked: { readonly write: Write; readonly link: Linked }[] = []
    try {
      for (const write of writes)
        if (this.#isChange(write)) linked.push({ write, link: this.#link(write, version, owner) })
    } catch (error) {
      for (const { write, link } of linked.reverse()) write.rows.unlink(link)
      throw error
    }
    if (linked.length === 0) return
    this.#advance(version)
    const differences = new Map<TableRows<unknown, unknown>, number>()
    for (const { write, link } of linked) {
      const difference = write.rows.settle(link.address, link.isDeletion, version, this.pins)
      differences.set(write.rows, (differences.get(write.rows) ?? 0) + difference)
    }
    for (const [rows, difference] of differences) rows.changed(version, difference, this.pins)
    this.threadPins?.letGo()
    this.feed.add(
      version,
      linked.map(({ write }) => write),
    )
  }

  /** The same for one change, which is one. */
  installOne(write: Write, owner?: LockOwner): void {
    if (!write.isDeletion) return this.setOne(write.rows, write.key, write.captured, owner)
    this.#installVersion(write, owner)
  }

  /** Sets a row in a commit of its own. */
  setOne(rows: TableRows<unknown, unknown>, key: unknown, captured: unknown, owner?: LockOwner): void {
    if (this.#isRead || !rows.isReplaceable || this.locks.isHeldByOther(rows, key, owner))
      return this.#installVersion({ rows, key, captured, isDeletion: false }, owner)
    const version = this.#version + 1
    const isNew = rows.replace(key, captured, version)
    this.#version = version
    rows.changed(version, Number(isNew), this.pins)
    if (this.feed.isKept) this.feed.add(version, [{ rows, key, captured, isDeletion: false }])
  }

  #installVersion(write: Write, owner: LockOwner | undefined): void {
    const version = this.#version + 1
    const link = this.#link(write, version, owner)
    this.#advance(version)
    write.rows.changed(version, write.rows.settle(link.address, link.isDeletion, version, this.pins), this.pins)
    this.threadPins?.letGo()
    if (this.feed.isKept) this.feed.add(version, [write])
  }

  /** Deletes a row, in a commit of its own; returns whether it was there. */
  deleteOne(rows: TableRows<unknown, unknown>, key: unknown): boolean {
    const deletion: Write = { rows, key, captured: undefined, isDeletion: true }
    // Where nobody reads, nothing has to tell of the row that it has been there.
    if (this.#isRead || this.locks.isHeldByOther(rows, key, undefined)) {
      const isThere = this.#isChange(deletion)
      if (isThere) this.installOne(deletion)
      return isThere
    }
    if (!rows.remove(key)) return false
    this.#advance(this.#version + 1)
    rows.changed(this.#version, -1, this.pins)
    if (this.feed.isKept) this.feed.add(this.#version, [deletion])
    return true
  }

  /** The same for a row that is given as bytes, of a store without locks and feed: nobody uses it meanwhile. */
  installBytes(rows: TableRows<unknown, unknown>, row: RowBytes): void {
    const version = this.#version + 1
    const address = rows.linkBytes(row, version)
    this.#advance(version)
    rows.changed(version, rows.settle(address, row.valueEnd < row.valueStart, version, this.pins), this.pins)
  }

  /** Whether somebody reads a version, or may begin to while one is made. */
  get #isRead(): boolean {
    return this.threadPins !== undefined || !this.pins.isEmpty
  }

  /** The one store by which a commit happens. */
  #advance(version: number): void {
    this.#version = version
    this.threadPins?.publish(version)
  }

  #isChange({ rows, key, isDeletion }: Write): boolean {
    return !isDeletion || rows.has(key, this.#version)
  }

  #link({ rows, key, captured, isDeletion }: Write, version: number, owner: LockOwner | undefined): Linked {
    if (this.locks.isHeldByOther(rows, key, owner))
      throw new TransactionConflict({ table: rows.name, key, why: 'is locked by another transaction' })
    return rows.link(key, captured, isDeletion, version)
  }
}
