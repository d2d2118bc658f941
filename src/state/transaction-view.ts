import type { Range, ScanOptions } from './range.ts'
import type { TableRef } from './table-ref.ts'

/** What the function of a transaction works with. It must not be used after the function has ended. */
export interface Transaction {
  /** The value of a row, `undefined` where it is absent. */
  get<Key, Value>(table: TableRef<Key, Value>, key: Key): Value | undefined
  has<Key, Value>(table: TableRef<Key, Value>, key: Key): boolean
  set<Key, Value>(table: TableRef<Key, Value>, key: Key, value: Value): void
  /** Deletes a row; returns whether it was there. */
  delete<Key, Value>(table: TableRef<Key, Value>, key: Key): boolean
  /**
   * The rows of a table, or of a range of its keys, in the order of the keys where it has one, or from the last one on
   * with `reverse`; with own changes made before the scan began. A serializable transaction conflicts with changes of
   * the range as far as it was read.
   */
  scan<Key, Value>(table: TableRef<Key, Value>, options?: ScanOptions<Key>): Iterable<[Key, Value]>
  /**
   * The rows of a table whose number in a zone map is in a range, in no order, with own changes made before. A
   * serializable transaction conflicts with any change of the table then.
   */
  where<Key, Value, Zone extends string>(
    table: TableRef<Key, Value, Zone>,
    zone: NoInfer<Zone>,
    range: Range<number>,
  ): Iterable<[Key, Value]>
  /** How many rows a table has. */
  size<Key, Value>(table: TableRef<Key, Value>): number
  /** Deletes all rows of a table. */
  clear<Key, Value>(table: TableRef<Key, Value>): void
}
