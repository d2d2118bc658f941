import { kindOf } from '../../core/kind-of.ts'
import { type GivenOptions, type OptionTable, resolveOptions } from '../../core/options.ts'
import { type Codec, type KeyCodec, number } from '../../state/index.ts'
import { checkObject, checkText, invalid, isKind, refuse } from './topology-checks.ts'

/** Options of a table of a program, besides its codecs. */
export const programTableOptions = {
  bytesMax: {
    type: 'int',
    default: 2 ** 28,
    min: 1024,
    max: 2 ** 30,
    doc: 'Bytes that the rows of the table, and the changes of epochs that have not committed, may take; beyond it the program ends with `STATE_BYTES_EXCEEDED`.',
  },
} as const satisfies OptionTable

/** What keys and values of a table are, and how large it may get. The codecs are those of `millrace/state`. */
export type ProgramTableOptions<Key, Value> = GivenOptions<typeof programTableOptions> & {
  readonly key: KeyCodec<Key>
  readonly value: Codec<Value>
}

/** A table of a program as data. Functions get at its rows by `record.table`. */
export interface ProgramTable<Key = unknown, Value = unknown> {
  readonly kind: 'table'
  readonly name: string
  readonly key: KeyCodec<Key>
  readonly value: Codec<Value>
  readonly bytesMax: number
}

/**
 * The rows of a table, as the function of a record reads and changes them: with all changes of the records before, and
 * with its own. They may be used while the function runs, and not after it has ended.
 */
export interface RecordTable<Key, Value> {
  /** The value of a row, a copy; `undefined` where it is absent. */
  get(key: Key): Value | undefined
  has(key: Key): boolean
  /**
   * Sets the value of a row.
   *
   * @throws StateError `STATE_VALUE_INVALID` where key or value are none of the table, or are too large for a record of
   * the checkpoint.
   * @throws StateError `STATE_BYTES_EXCEEDED` where the table is full, which ends the program.
   */
  set(key: Key, value: Value): void
  /** Deletes a row; returns whether it was there. */
  delete(key: Key): boolean
}

/** The same of a table that a topic fills. The codecs say what keys and values of its records are: text, bytes or JSON. */
export interface LookupTableOptions<Key, Value> extends ProgramTableOptions<Key, Value> {
  /** A compacted topic, each record of which is a row: its key, and its value; a tombstone deletes it. */
  readonly topic: string
}

/**
 * A table that a topic fills, as data: Kafka Streams calls it a GlobalKTable. Functions look its rows up by
 * `record.table`, and cannot change them.
 */
export interface LookupTable<Key = unknown, Value = unknown> {
  readonly kind: 'lookupTable'
  readonly name: string
  readonly topic: string
  readonly key: KeyCodec<Key>
  readonly value: Codec<Value>
  readonly bytesMax: number
}

/** The rows of a table that a topic fills, as they are at the moment; also after a function has waited for something. */
export interface LookupRows<Key, Value> {
  /** The value of a row, a copy; `undefined` where it is absent. */
  get(key: Key): Value | undefined
  has(key: Key): boolean
}

/** Any table that a topology names. */
export type DeclaredTable = ProgramTable | LookupTable

/** A name is a part of the keys of records, which a slash ends. */
const nameForm = /^[A-Za-z0-9._-]{1,100}$/

/**
 * Describes a table that a program keeps: its rows change with the epochs, in which the records are consumed that they
 * were changed for, and are there again after a crash. `topology(…).tables(…)` makes it one of a program.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for a name that is none, or codecs that are missing; ConfigError
 * `CONFIG_INVALID_VALUE` for a limit out of its bounds.
 *
 * With a `topic` it describes one that this topic fills, for functions to look up.
 *
 * @example
 * const perCountry = table('per-country', { key: text, value: number })
 *
 * @example
 * const customers = table('customers', { topic: 'customers', key: text, value: json<Customer>() })
 */
export function table<Key, Value>(name: string, options: LookupTableOptions<Key, Value>): LookupTable<Key, Value>
export function table<Key, Value>(name: string, options: ProgramTableOptions<Key, Value>): ProgramTable<Key, Value>
export function table<Key, Value>(
  name: string,
  options: ProgramTableOptions<Key, Value> | LookupTableOptions<Key, Value>,
): ProgramTable<Key, Value> | LookupTable<Key, Value> {
  if (typeof name !== 'string' || !nameForm.test(name)) {
    throw invalid(`the name of a table is ${JSON.stringify(name)}; it may have letters, digits, ".", "_" and "-"`)
  }
  checkObject(`the options of table "${name}"`, options)
  const { key, value, topic, ...given } = { topic: undefined, ...options }
  checkCodec(`the key of table "${name}"`, key, 'compare')
  checkCodec(`the value of table "${name}"`, value, 'capture')
  const { bytesMax } = resolveOptions(programTableOptions, { given })
  if (topic === undefined) return { kind: 'table', name, key, value, bytesMax }
  checkText(`the topic of table "${name}"`, topic)
  for (const each of [key, value]) if (each === number) throw invalid(`table "${name}": ${numbersInTopics}`)
  return { kind: 'lookupTable', name, topic, key, value, bytesMax }
}

/** The order of its bytes is that of numbers, which no serializer of Kafka has. */
const numbersInTopics =
  'the codec number is a form of Millrace alone; records of topics have numbers as text, or as json<number>()'

function checkCodec(what: string, codec: unknown, method: string): void {
  if (typeof codec === 'object' && codec !== null && method in codec) return
  throw invalid(`${what} is ${kindOf(codec)}, where a codec of millrace/state belongs, such as text or number`)
}

/** Fails for what are no tables, or have one name. */
export function checkTables(topology: string, tables: readonly unknown[]): void {
  const names = new Set<string>()
  for (const each of tables) {
    if (!isKind(each, 'table') && !isKind(each, 'lookupTable')) {
      throw invalid(`a table of "${topology}" is ${kindOf(each)}, where that belongs which table(…) returns`)
    }
    const { name } = each as DeclaredTable
    if (names.has(name)) refuse(topology, `two tables have the name "${name}"`)
    names.add(name)
  }
}
