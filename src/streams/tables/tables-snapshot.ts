import type { TableSnapshot } from '../../state/index.ts'
import type { DeclaredTable, LookupTable, ProgramTable } from '../topology/table.ts'
import { decoded, rowName } from './kept-table.ts'
import { undeclared } from './record-tables.ts'

/** The rows of a table, to be read. */
export interface TableView<Key, Value> extends Iterable<readonly [key: Key, value: Value]> {
  /** How many rows there are. */
  readonly size: number
  /** The value of a row, a copy; `undefined` where it is absent. */
  get(key: Key): Value | undefined
  has(key: Key): boolean
}

/**
 * The tables of a program as its last committed epoch has left them, all of the same epoch, and those that topics fill as
 * they were at the same moment, until it is disposed of. What changes meanwhile keeps the rows that it reads in memory.
 */
export class TablesSnapshot implements Disposable {
  /** The number of that epoch; 0 before the first. */
  readonly epoch: number
  readonly #tables: ReadonlyMap<DeclaredTable, TableSnapshot<string, Uint8Array>>

  constructor(epoch: number, tables: ReadonlyMap<DeclaredTable, TableSnapshot<string, Uint8Array>>) {
    this.epoch = epoch
    this.#tables = tables
  }

  /**
   * Those of a chain of subtopologies, each as the last committed epoch of its own has left them; the epoch is that of
   * the first.
   *
   * @param snapshots - One at least. They are those that are returned: nothing else disposes of them.
   */
  static of(snapshots: readonly TablesSnapshot[]): TablesSnapshot {
    const tables = new Map<DeclaredTable, TableSnapshot<string, Uint8Array>>()
    for (const snapshot of snapshots) {
      for (const [declaration, rows] of snapshot.#tables) {
        // A table that a topic fills may be one of several.
        if (tables.has(declaration)) rows[Symbol.dispose]()
        else tables.set(declaration, rows)
      }
    }
    return new TablesSnapshot(snapshots[0]!.epoch, tables)
  }

  /**
   * The rows of a table, in no order.
   *
   * @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare.
   */
  table<Key, Value>(declaration: ProgramTable<Key, Value> | LookupTable<Key, Value>): TableView<Key, Value> {
    const rows = this.#tables.get(declaration as DeclaredTable)
    if (rows === undefined) throw undeclared(declaration.name)
    const { key: keys, value: values } = declaration
    return {
      get size() {
        return rows.size
      },
      get(key) {
        const found = rows.get(rowName(declaration, key))
        return found && decoded(values, found)
      },
      has: (key) => rows.has(rowName(declaration, key)),
      *[Symbol.iterator]() {
        for (const [name, value] of rows.scan()) {
          yield [decoded(keys, Buffer.from(name, 'latin1')), decoded(values, value)] as const
        }
      },
    }
  }

  /** Lets the rows go that are kept for it alone. */
  [Symbol.dispose](): void {
    for (const rows of this.#tables.values()) rows[Symbol.dispose]()
  }
}
