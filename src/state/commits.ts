import type { Clock } from '../core/clock.ts'
import { ChangeFeed } from './change-feed.ts'
import { TransactionConflict } from './conflict.ts'
import { KeyLocks, type LockOwner } from './key-locks.ts'
import { Pins } from './pins.ts'
import type { Linked, TableRows } from './table-rows.ts'
import type { Write, WriteSet } from './write-set.ts'

/**
 * The one place where versions are made. A commit links all its rows under the next version, which nobody reads yet,
 * and then makes that version the latest: one store, before which it has not happened and after which it has happened
 * whole.
 *
 * State: the latest version; the versions that are read; the locks of keys.
 */
export class Commits {
  readonly locks: KeyLocks
  readonly feed: ChangeFeed
  readonly pins = new Pins()
  #version = 0

  constructor({ clock, changesMax }: { clock: Clock; changesMax: number }) {
    this.locks = new KeyLocks(clock)
    this.feed = new ChangeFeed(changesMax)
  }

  /** The version of the last commit: how many there have been. */
  get version(): number {
    return this.#version
  }

  pin(version: number): void {
    this.pins.pin(version)
  }

  unpin(version: number): void {
    this.pins.unpin(version)
  }

  /**
   * Makes changes the next version.
   *
   * @throws TRANSACTION_CONFLICT where a transaction other than `owner` has locked a row of them.
   * @throws STATE_BYTES_EXCEEDED where a table is full. In both cases nothing has happened.
   */
  install(writes: WriteSet, owner: LockOwner | undefined): void {
    if (writes.only !== undefined) return this.installOne(writes.only, owner)
    const version = this.#version + 1
    const linked: { readonly write: Write; readonly link: Linked }[] = []
    try {
      for (const write of writes) linked.push({ write, link: this.#link(write, version, owner) })
    } catch (error) {
      for (const { write, link } of linked.reverse()) write.rows.unlink(link)
      throw error
    }
    if (linked.length === 0) return
    this.#version = version
    const differences = new Map<TableRows<unknown, unknown>, number>()
    for (const { write, link } of linked) {
      const difference = write.rows.settle(link, version, this.pins)
      differences.set(write.rows, (differences.get(write.rows) ?? 0) + difference)
    }
    for (const [rows, difference] of differences) rows.changed(version, difference, this.pins)
    this.feed.add(
      version,
      linked.map(({ write }) => write),
    )
  }

  /** The same for one change. */
  installOne(write: Write, owner?: LockOwner): void {
    const version = this.#version + 1
    const link = this.#link(write, version, owner)
    this.#version = version
    write.rows.changed(version, write.rows.settle(link, version, this.pins), this.pins)
    if (this.feed.isKept) this.feed.add(version, [write])
  }

  #link({ rows, key, captured, isDeletion }: Write, version: number, owner: LockOwner | undefined): Linked {
    if (this.locks.isHeldByOther(rows, key, owner))
      throw new TransactionConflict(rows.name, key, 'is locked by another transaction')
    return rows.link(key, captured, isDeletion, version)
  }
}
