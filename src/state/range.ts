/**
 * A range of keys. Without a lower or an upper bound it begins with the first or ends with the last key. There is one of
 * each: `from` or `after`, `to` or `before`.
 */
export interface Range<Key> {
  /** The first key. */
  readonly from?: Key
  /** The range begins after this key. */
  readonly after?: Key
  /** The last key. */
  readonly to?: Key
  /** The range ends before this key. */
  readonly before?: Key
}

/** Which rows a scan gives, and in which direction. */
export interface ScanOptions<Key> extends Range<Key> {
  /** Whether the scan begins with the last key of the range; with the first one by default. */
  readonly reverse?: boolean
  /** How many rows it gives at most; all by default. */
  readonly limit?: number
}

/** Whether a key lies in a range, by the order of the table. */
export function isWithin<Key>(
  { from, after, to, before }: Range<Key>,
  key: Key,
  compare: (left: Key, right: Key) => number,
): boolean {
  return (
    (from === undefined || compare(key, from) >= 0) &&
    (after === undefined || compare(key, after) > 0) &&
    (to === undefined || compare(key, to) <= 0) &&
    (before === undefined || compare(key, before) < 0)
  )
}

/** A range with another lower bound. */
export function downTo<Key>({ to, before }: Range<Key>, bound: Range<Key>): Range<Key> {
  return { ...bound, ...(to === undefined ? {} : { to }), ...(before === undefined ? {} : { before }) }
}

/** A range with another upper bound. */
export function upTo<Key>({ from, after }: Range<Key>, bound: Range<Key>): Range<Key> {
  return { ...bound, ...(from === undefined ? {} : { from }), ...(after === undefined ? {} : { after }) }
}
