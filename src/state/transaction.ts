import type { Isolation } from './isolation.ts'
import { type CapturedScan, capturedScan, checkRange, firstOf } from './captured-scan.ts'
import { isWithin, type Range, type ScanOptions } from './range.ts'
import { ReadSet, type StaleRead } from './read-set.ts'
import { rowsOf, rowsWithin, type TableRef } from './table-ref.ts'
import type { TableRows } from './table-rows.ts'
import type { Transaction } from './transaction-view.ts'
import { type Write, WriteSet } from './write-set.ts'
import { transactionEnded, transactionTooLarge } from './transaction-errors.ts'

/** What a transaction needs of its store. */
export interface Versions {
  /** The version of the last commit. */
  readonly version: number
  pin(version: number): void
  unpin(version: number): void
}

type Rows = TableRows<unknown, unknown>

/**
 * A transaction that takes no locks: it reads at a version, its own changes first, and keeps them to itself until it
 * commits.
 *
 * State: the version at its start, which is pinned until it ends, unless nobody else can commit before; what it has
 * read, where that has to be validated; what it has changed.
 */
export class OptimisticTransaction implements Transaction {
  readonly isolation: Isolation
  readonly start: number
  readonly writes = new WriteSet()
  readonly #versions: Versions
  readonly #operationsMax: number
  /** What has to be validated; nothing where no other transaction can commit meanwhile. */
  readonly #reads: ReadSet | undefined
  readonly #isPinned: boolean
  #isOpen = true
  #innerFailure: { readonly error: unknown } | undefined

  /** @param runsAlone - Whether nobody else can commit before it ends, because its function is synchronous. */
  constructor(versions: Versions, isolation: Isolation, operationsMax: number, runsAlone: boolean) {
    this.isolation = isolation
    this.start = versions.version
    this.#versions = versions
    this.#operationsMax = operationsMax
    this.#reads = isolation === 'serializable' && !runsAlone ? new ReadSet() : undefined
    this.#isPinned = !runsAlone
    if (this.#isPinned) versions.pin(this.start)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get<Key, Value>(table: TableRef<Key, Value>, key: Key): Value | undefined {
    const rows = this.#begin(table)
    const captured = rows.keys.capture(key)
    const own = this.writes.find(rows as Rows, captured)
    if (own !== undefined) return own.isDeletion ? undefined : rows.values.restore(own.captured)
    this.#note(rows as Rows, captured)
    return rows.get(captured, this.#readVersion)
  }

  has<Key, Value>(table: TableRef<Key, Value>, key: Key): boolean {
    const rows = this.#begin(table)
    const captured = rows.keys.capture(key)
    const own = this.writes.find(rows as Rows, captured)
    if (own !== undefined) return !own.isDeletion
    this.#note(rows as Rows, captured)
    return rows.has(captured, this.#readVersion)
  }

  set<Key, Value>(table: TableRef<Key, Value>, key: Key, value: Value): void {
    const rows = this.#begin(table)
    this.#write({
      rows: rows as Rows,
      key: rows.keys.capture(key),
      captured: rows.capture(value),
      isDeletion: false,
    })
  }

  delete<Key, Value>(table: TableRef<Key, Value>, key: Key): boolean {
    const isThere = this.has(table, key)
    const rows = rowsOf(table) as Rows
    if (isThere) this.#write({ rows, key: rows.keys.capture(key), captured: undefined, isDeletion: true })
    return isThere
  }

  *scan<Key, Value>(table: TableRef<Key, Value>, options: ScanOptions<Key> = {}): Generator<[Key, Value], void> {
    const rows = this.#begin(table)
    const scan = capturedScan(rows, options)
    const compare = scan.isReverse
      ? (left: Key, right: Key) => rows.keys.compare(right, left)
      : (left: Key, right: Key) => rows.keys.compare(left, right)
    const own = this.#ownWithin(rows, scan.range)
    if (rows.isOrdered) own.sort((a, b) => compare(a.key as Key, b.key as Key))
    const version = this.#readVersion
    this.#versions.pin(version)
    try {
      yield* firstOf(merged(this.#stored(rows, scan, version), own, rows, compare), scan.limit)
    } finally {
      this.#versions.unpin(version)
    }
  }

  *where<Key, Value, Zone extends string>(
    table: TableRef<Key, Value, Zone>,
    zone: NoInfer<Zone>,
    range: Range<number>,
  ): Generator<[Key, Value], void> {
    const rows = this.#begin(table)
    checkRange(rows, range)
    const own = this.writes.of(rows as Rows)
    const version = this.#readVersion
    this.#reads?.addAll(rows as Rows)
    this.#versions.pin(version)
    try {
      const identities = new Set(own.map(({ key }) => rows.keys.identityOf(key as Key)))
      for (const entry of rows.matches(zone, range, version)) {
        if (!identities.has(rows.keys.identityOf(entry[0]))) yield entry
      }
    } finally {
      this.#versions.unpin(version)
    }
    for (const { key, captured, isDeletion } of own) {
      if (!isDeletion && rows.isMatch(zone, captured, range)) yield [key as Key, rows.values.restore(captured)]
    }
  }

  size<Key, Value>(table: TableRef<Key, Value>): number {
    const rows = this.#begin(table) as Rows
    this.#reads?.addSize(rows)
    const version = this.#readVersion
    let size = rows.sizeAt(version)
    for (const { key, isDeletion } of this.writes.of(rows)) size += Number(!isDeletion) - Number(rows.has(key, version))
    return size
  }

  clear<Key, Value>(table: TableRef<Key, Value>): void {
    for (const [key] of this.scan(table)) this.delete(table, key)
  }

  /** What stands against a commit; the pin of the start must still be there. */
  conflict(): StaleRead | undefined {
    if (this.writes.count === 0 || this.#versions.version === this.start) return undefined
    if (this.isolation === 'serializable') return this.#reads?.staleSince(this.start)
    if (this.isolation === 'readCommitted') return undefined
    for (const { rows, key } of this.writes) if (rows.lastChange(key) > this.start) return { table: rows.name, key }
    return undefined
  }

  /** Lets the transaction fail at its commit, because a part of it has failed, whose changes must not remain. */
  failInside(error: unknown): void {
    this.#innerFailure ??= { error }
  }

  /** @throws What a part of it has failed with. */
  checkInside(): void {
    if (this.#innerFailure !== undefined) throw this.#innerFailure.error
  }

  /** Ends it, whatever becomes of its changes. */
  end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#isPinned) this.#versions.unpin(this.start)
  }

  get #readVersion(): number {
    return this.isolation === 'readCommitted' ? this.#versions.version : this.start
  }

  #begin<Key, Value>(table: TableRef<Key, Value>): TableRows<Key, Value> {
    this.#checkOpen()
    return rowsWithin(table, this.#versions)
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw transactionEnded()
  }

  #note(rows: Rows, key: unknown): void {
    if (this.#reads === undefined) return
    this.#reads.add(rows, key)
    this.#checkCount()
  }

  #write(write: Write): void {
    this.writes.add(write)
    this.#checkCount()
  }

  #checkCount(): void {
    if ((this.#reads?.count ?? 0) + this.writes.count <= this.#operationsMax) return
    throw transactionTooLarge('reads and writes', 'rows', this.#operationsMax)
  }

  #ownWithin<Key, Value>(rows: TableRows<Key, Value>, range: Range<Key>): Write[] {
    const compare = (left: Key, right: Key) => rows.keys.compare(left, right)
    return this.writes.of(rows as Rows).filter(({ key }) => isWithin(range, key as Key, compare))
  }

  /** The rows of a scan, each noted as read before it is passed on. */
  *#stored<Key, Value>(
    rows: TableRows<Key, Value>,
    scan: CapturedScan<Key>,
    version: number,
  ): Generator<[Key, Value], void> {
    const read = this.#reads?.addRange(rows as Rows, scan.range, scan.isReverse)
    for (const entry of rows.entries(scan, version)) {
      this.#checkOpen()
      if (read !== undefined) read.last = { key: entry[0] }
      yield entry
    }
    if (read !== undefined) read.isOver = true
  }
}

/** Stored rows with own changes over them: in order where the table has one, else own rows that are new come last. */
function* merged<Key, Value>(
  stored: Iterable<[Key, Value]>,
  own: readonly Write[],
  { keys, values, isOrdered }: TableRows<Key, Value>,
  compare: (left: Key, right: Key) => number,
): Generator<[Key, Value], void> {
  const identities = new Set(own.map(({ key }) => keys.identityOf(key as Key)))
  let next = 0
  for (const entry of stored) {
    for (; isOrdered && next < own.length && compare(own[next]!.key as Key, entry[0]) <= 0; next++)
      yield* entryOf(own[next]!)
    if (identities.size === 0 || !identities.has(keys.identityOf(entry[0]))) yield entry
  }
  for (; next < own.length; next++) yield* entryOf(own[next]!)

  function* entryOf({ key, captured, isDeletion }: Write): Generator<[Key, Value], void> {
    if (!isDeletion) yield [key as Key, values.restore(captured)]
  }
}
