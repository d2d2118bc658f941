import type { TableRows } from './table-rows.ts'
import { unknownTable } from './transaction-errors.ts'

const rows = Symbol('rows')
const home = Symbol('home')

/** A table as transactions know it. */
export abstract class TableRef<Key, Value, Zone extends string = string> {
  readonly [rows]: TableRows<Key, Value>
  /** What tells its store from others: what makes its versions. */
  readonly [home]: object
  /** Names of its zone maps. */
  readonly zones: readonly Zone[]

  constructor(of: TableRows<Key, Value>, zones: readonly Zone[], versions: object) {
    this[rows] = of
    this[home] = versions
    this.zones = zones
  }

  get name(): string {
    return this[rows].name
  }
}

export function rowsOf<Key, Value>(table: TableRef<Key, Value>): TableRows<Key, Value> {
  return table[rows]
}

/**
 * The same for a transaction of one store: stamps of another one's rows mean nothing to it.
 *
 * @throws STATE_TABLE_UNKNOWN
 */
export function rowsWithin<Key, Value>(table: TableRef<Key, Value>, versions: object): TableRows<Key, Value> {
  const given: TableRef<Key, Value> | undefined = table
  if (given?.[home] !== versions) throw unknownTable(table)
  return given[rows]
}
