import { downTo, type Range, upTo } from './range.ts'
import type { TableRows } from './table-rows.ts'

/** A range of keys that is read row by row. */
export interface RangeRead {
  readonly rows: TableRows<unknown, unknown>
  readonly range: Range<unknown>
  /** Whether it is read from its end on. */
  readonly isReverse: boolean
  /** The last row that was read; the range is read as far as there, unless it is over. */
  last: { readonly key: unknown } | undefined
  isOver: boolean
}

/** What was changed after it was read. */
export interface StaleRead {
  readonly table: string
  readonly key: unknown
}

/**
 * What a transaction has read: rows, whether they were there or not, ranges, and how many rows tables have.
 * Backward validation: all of it is as it was when no commit since the start has changed any of it.
 *
 * @see Härder, "Observations on optimistic concurrency control schemes" (1984)
 */
export class ReadSet {
  readonly #rows = new Map<TableRows<unknown, unknown>, Map<string | number, unknown>>()
  readonly #sizes = new Set<TableRows<unknown, unknown>>()
  readonly #tables = new Set<TableRows<unknown, unknown>>()
  readonly #ranges: RangeRead[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add(rows: TableRows<unknown, unknown>, key: unknown): void {
    let keys = this.#rows.get(rows)
    if (keys === undefined) this.#rows.set(rows, (keys = new Map()))
    const before = keys.size
    keys.set(rows.keys.identityOf(key), key)
    this.#count += keys.size - before
  }

  addSize(rows: TableRows<unknown, unknown>): void {
    this.#sizes.add(rows)
  }

  /** Notes that rows were chosen of all that a table has. */
  addAll(rows: TableRows<unknown, unknown>): void {
    this.#tables.add(rows)
  }

  addRange(rows: TableRows<unknown, unknown>, range: Range<unknown>, isReverse: boolean): RangeRead {
    const read: RangeRead = { rows, range, isReverse, last: undefined, isOver: false }
    this.#ranges.push(read)
    this.#count++
    return read
  }

  /** What has been read and changed after a version, if anything has. */
  staleSince(version: number): StaleRead | undefined {
    for (const [rows, keys] of this.#rows) {
      if (rows.changedAt <= version) continue
      for (const key of keys.values()) if (rows.lastChange(key) > version) return { table: rows.name, key }
    }
    for (const rows of this.#tables) if (rows.changedAt > version) return { table: rows.name, key: undefined }
    for (const rows of this.#sizes) if (rows.resizedAt > version) return { table: rows.name, key: undefined }
    for (const read of this.#ranges) if (isStale(read, version)) return { table: read.rows.name, key: read.last?.key }
    return undefined
  }
}

function isStale({ rows, range, isReverse, last, isOver }: RangeRead, version: number): boolean {
  if (rows.changedAt <= version) return false
  // Without an order a range is all rows.
  if (!rows.isOrdered) return isOver || last !== undefined
  if (isOver) return rows.lastChangeIn(range) > version
  if (last === undefined) return false
  const readSoFar = isReverse ? downTo(range, { from: last.key }) : upTo(range, { to: last.key })
  return rows.lastChangeIn(readSoFar) > version
}
