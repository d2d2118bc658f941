import type { TableRows } from './table-rows.ts'

const rows = Symbol('rows')

/** A table as transactions know it. */
export abstract class TableRef<Key, Value, Zone extends string = string> {
  readonly [rows]: TableRows<Key, Value>
  /** Names of its zone maps. */
  readonly zones: readonly Zone[]

  constructor(of: TableRows<Key, Value>, zones: readonly Zone[]) {
    this[rows] = of
    this.zones = zones
  }

  get name(): string {
    return this[rows].name
  }
}

export function rowsOf<Key, Value>(table: TableRef<Key, Value>): TableRows<Key, Value> {
  return table[rows]
}
