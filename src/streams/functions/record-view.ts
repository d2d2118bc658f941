import { strictUtf8 } from '../../core/strict-utf8.ts'
import { headersOf, plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { letterHeader } from '../redrive/letter-header.ts'
import { computedPartHeader } from '../retention/computed-part-header.ts'
import { type RecordTables, undeclared } from '../tables/record-tables.ts'
import type { Origin, PartitionPlace } from '../topics/source-partitions.ts'
import type { RecordHeader, RecordHeaders, RecordView } from '../topology/record-view.ts'
import type { LookupRows, LookupTable, ProgramTable, RecordTable } from '../topology/table.ts'

/** Parses the value of a row, for a user's function. Throws what `JSON.parse` or the decoder throws. */
export function parseValue({ bytes, valueStart, valueEnd }: RecordColumns, row: number): unknown {
  return JSON.parse(textIn(bytes, valueStart[row]!, valueEnd[row]!))
}

/** The text that bytes are. Throws where they are no UTF-8. */
export function textIn(bytes: Uint8Array, start: number, end: number): string {
  return strictUtf8.decode(bytes.subarray(start, end))
}

/**
 * A row as a user's function sees its record, while the row is where it is: as it was in its source.
 *
 * @param tables - Those of the program; absent where it has none.
 */
export function viewOf(
  columns: RecordColumns,
  row: number,
  { topic, partition }: PartitionPlace,
  tables?: RecordTables,
): RecordView {
  const offset = columns.offset[row]!
  return new RowView(columns, row, columns.origins?.get(offset) ?? { topic, partition, offset }, tables)
}

class RowView implements RecordView {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly index: number
  readonly timestampMs: number
  readonly #columns: RecordColumns
  readonly #row: number
  readonly #offset: number
  readonly #tables: RecordTables | undefined

  constructor(
    columns: RecordColumns,
    row: number,
    { topic, partition, offset }: Origin,
    tables: RecordTables | undefined,
  ) {
    this.topic = topic
    this.partition = partition
    this.index = columns.lane[row]!
    this.offset = BigInt(offset)
    this.timestampMs = columns.timestamp[row]!
    this.#columns = columns
    this.#row = row
    this.#offset = columns.offset[row]!
    this.#tables = tables
  }

  table<Key, Value>(table: ProgramTable<Key, Value>): RecordTable<Key, Value>
  table<Key, Value>(table: LookupTable<Key, Value>): LookupRows<Key, Value>
  table<Key, Value>(
    table: ProgramTable<Key, Value> | LookupTable<Key, Value>,
  ): RecordTable<Key, Value> | LookupRows<Key, Value> {
    if (this.#tables === undefined) throw undeclared(table.name)
    return table.kind === 'table' ? this.#tables.of(table) : this.#tables.lookup(table)
  }

  get key(): Buffer | null {
    return copyOf(plainRecord(this.#live(), this.#row).key)
  }

  get value(): Buffer | null {
    return copyOf(plainRecord(this.#live(), this.#row).value)
  }

  get headers(): RecordHeaders {
    return new RowHeaders(() => this.#live(), this.#row)
  }

  /** The columns, which have other records once these have been dealt with. */
  #live(): RecordColumns {
    const columns = this.#columns
    if (this.#row < columns.count && columns.offset[this.#row] === this.#offset) return columns
    throw new Error('the record is asked for its bytes after its function has ended')
  }
}

class RowHeaders implements RecordHeaders {
  readonly #live: () => RecordColumns
  readonly #row: number

  constructor(live: () => RecordColumns, row: number) {
    this.#live = live
    this.#row = row
  }

  get(name: string): Buffer | null | undefined {
    return [...this].findLast((header) => header.name === name)?.value
  }

  text(name: string): string | undefined {
    return this.get(name)?.toString()
  }

  *[Symbol.iterator](): Iterator<RecordHeader> {
    for (const [name, value] of headersOf(this.#live(), this.#row)) {
      const text = Buffer.from(name).toString()
      // A promoted record has the one, a redriven one the other, and the same record in the source has neither.
      if (text !== computedPartHeader && text !== letterHeader) yield { name: text, value: copyOf(value) }
    }
  }
}

function copyOf(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes)
}
