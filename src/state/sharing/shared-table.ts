import { RowsReader } from '../../kernel/index.ts'
import type { Codec, KeyCodec } from '../codec.ts'
import { writeKey } from '../key-bytes.ts'
import { unknownTable } from '../transaction-errors.ts'
import { closed, type Connection } from './connection.ts'
import type { OfferedTable } from './messages.ts'

/** What a thread reads of a table that another one changes. */
export class SharedTableRows<Key, Value> {
  /** The place by which the committer knows it. */
  readonly place: number
  readonly name: string
  readonly keys: KeyCodec<Key>
  readonly values: Codec<Value>
  readonly #reader: RowsReader

  constructor(
    { name, rows }: OfferedTable,
    { place, thread, keys, values }: { place: number; thread: number; keys: KeyCodec<Key>; values: Codec<Value> },
  ) {
    this.place = place
    this.name = name
    this.keys = keys
    this.values = values
    this.#reader = new RowsReader(rows, thread)
  }

  has(key: Key, version: number): boolean {
    return this.#find(key, version) !== 0
  }

  get(key: Key, version: number): Value | undefined {
    const address = this.#find(key, version)
    if (address === 0) return undefined
    const [start, end] = [this.#reader.valueStart(address), this.#reader.valueEnd(address)]
    return this.values.read(this.#reader.bytes, start, end)
  }

  #find(key: Key, version: number): number {
    const address = this.#reader.find(writeKey(this, key, this.#reader.bytes, this.#reader.keyAt), version)
    if (address === undefined) throw closed()
    return address
  }
}

const rows = Symbol('rows')
const home = Symbol('home')

/** A table of a store of another thread, as transactions of this one know it. */
export class SharedTable<Key, Value> {
  readonly [rows]: SharedTableRows<Key, Value>
  /** The way to the store that it is of. */
  readonly [home]: Connection

  /** @internal */
  constructor(of: SharedTableRows<Key, Value>, connection: Connection) {
    this[rows] = of
    this[home] = connection
  }

  get name(): string {
    return this[rows].name
  }
}

/** What a transaction of a store reads of a table, which is one of it. @throws STATE_TABLE_UNKNOWN */
export function sharedRowsOf<Key, Value>(
  table: SharedTable<Key, Value>,
  connection: Connection,
): SharedTableRows<Key, Value> {
  const given: SharedTable<Key, Value> | undefined = table
  if (given?.[home] !== connection) throw unknownTable(table)
  return given[rows]
}
