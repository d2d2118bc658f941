import { StateError } from '../core/errors.ts'
import type { Range } from './range.ts'
import type { TableRows } from './table-rows.ts'

/**
 * A range of a table whose bounds are safe from later changes. @throws STATE_TABLE_UNORDERED where bounds mean nothing.
 */
export function capturedRange<Key, Value>(rows: TableRows<Key, Value>, range: Range<Key>): Range<Key> {
  const bounds = Object.entries(range).filter(([, key]) => key !== undefined)
  if (bounds.length > 0 && !rows.isOrdered) {
    const message = `table ${rows.name} has no order: declare it as ordered, or scan all of it`
    throw new StateError('STATE_TABLE_UNORDERED', message, { table: rows.name })
  }
  return Object.fromEntries(bounds.map(([name, key]) => [name, rows.keys.capture(key as Key)]))
}
