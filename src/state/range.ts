/** A range of keys. Without a lower or an upper bound it begins with the first or ends with the last key. */
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
