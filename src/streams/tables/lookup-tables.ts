import { TopologyError } from '../../core/errors.ts'
import type { TableSnapshot } from '../../state/index.ts'
import type { LookupRows, LookupTable } from '../topology/table.ts'
import { decoded, given, rowName } from './kept-table.ts'
import { undeclared } from './record-tables.ts'
import { TopicRows } from './topic-rows.ts'

/** A table that a topic fills, as this process has it. */
export interface InspectedLookup {
  readonly table: string
  readonly topic: string
  readonly rows: number
  /** Of rows, in memory. */
  readonly bytes: number
  /** Records of the topic that were no rows, in this term of the process. */
  readonly badRows: number
}

/**
 * The tables of a program that topics fill. They belong to a process and not to its epochs: a function finds what was
 * read of the topics when it is called, a rollback takes nothing back, and a start reads the topics anew.
 */
export class LookupTables {
  /** In declared order. */
  readonly all: readonly TopicRows[]
  readonly #views: ReadonlyMap<TopicRows, LookupRows<unknown, unknown>>

  constructor(declared: readonly LookupTable[]) {
    this.all = declared.map((each) => new TopicRows(each))
    this.#views = new Map(this.all.map((rows) => [rows, viewOf(rows)]))
  }

  /** Absent where a program has none. */
  static of(declared: readonly LookupTable[]): LookupTables | undefined {
    return declared.length === 0 ? undefined : new LookupTables(declared)
  }

  /** @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare. */
  lookup<Key, Value>(declaration: LookupTable<Key, Value>): LookupRows<Key, Value> {
    return this.#views.get(this.#rowsOf(declaration)) as LookupRows<Key, Value>
  }

  /**
   * Gives a row to a table, as a record of its topic would; `undefined` deletes it.
   *
   * @throws StateError `STATE_VALUE_INVALID`; TopologyError `TOPOLOGY_INVALID`
   */
  put<Key, Value>(declaration: LookupTable<Key, Value>, key: Key, value: Value | undefined): void {
    const rows = this.#rowsOf(declaration)
    const { name, key: keys, value: values } = declaration
    rows.put(given('key', name, keys, key), value === undefined ? undefined : given('value', name, values, value))
  }

  /** The rows of all of them as they are. */
  snapshot(): [LookupTable, TableSnapshot<string, Uint8Array>][] {
    return this.all.map((rows) => [rows.declaration, rows.snapshot()])
  }

  inspect(): InspectedLookup[] {
    return this.all.map(({ declaration: { name: table, topic }, size: rows, usedBytes: bytes, badCount: badRows }) => {
      return { table, topic, rows, bytes, badRows }
    })
  }

  /** A copy of a declaration is as good, such as one with another topic. */
  #rowsOf<Key, Value>({ name, key, value }: LookupTable<Key, Value>): TopicRows {
    const found = this.all.find(({ declaration }) => declaration.name === name)
    const declared: Record<'key' | 'value', unknown> | undefined = found?.declaration
    if (found === undefined || declared?.key !== key || declared.value !== value) throw undeclared(name)
    return found
  }
}

/** With what programs without types may call, too. */
function viewOf(rows: TopicRows): LookupRows<unknown, unknown> & Record<'set' | 'delete', () => never> {
  const { declaration } = rows
  const { name, topic } = declaration
  const refuse = (): never => {
    const message = `table "${name}" is filled by topic "${topic}": functions look it up, and cannot change it`
    throw new TopologyError('TABLE_READ_ONLY', message, { table: name, topic })
  }
  return {
    get(key) {
      const found = rows.get(rowName(declaration, key))
      return found && decoded(declaration.value, found)
    },
    has: (key) => rows.get(rowName(declaration, key)) !== undefined,
    set: refuse,
    delete: refuse,
  }
}
