import type { TableRows } from './table-rows.ts'

const rows = Symbol('rows')

/** A table as transactions know it. */
export abstract class TableRef<Key, Value> {
  readonly [rows]: TableRows<Key, Value>

  constructor(of: TableRows<Key, Value>) {
    this[rows] = of
  }

  get name(): string {
    return this[rows].name
  }
}

export function rowsOf<Key, Value>(table: TableRef<Key, Value>): TableRows<Key, Value> {
  return table[rows]
}
