import type { RecordColumns, RecordPlace } from '../../kernel/index.ts'
import type { RowBytes } from '../../state/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { tablePrefix, tableRowKey } from '../checkpoint/checkpoint-topic.ts'
import { KeptRows, noRows, type TableSum } from './kept-rows.ts'

const prefix = Buffer.from(tablePrefix)
const slash = '/'.charCodeAt(0)

/** Records of rows of one batch, whose epoch is not known to be whole: their bytes, and where the fields of each are. */
interface Staged {
  readonly bytes: Uint8Array
  readonly places: Int32Array
}

/** Numbers that tell where a row is. */
const placeNumbers = 4

/**
 * The rows of all tables in a checkpoint topic, as far as it was read, outside the JavaScript heap and without an object
 * for each. They are the tables of a program that goes on from there.
 *
 * State: the rows of the last whole epoch, by table; copies of the batches with rows that came after it, until the
 * manifest has come that makes their epoch whole.
 */
export class CheckpointTables {
  readonly #tables = new Map<string, KeptRows>()
  readonly #staged: Staged[] = []
  /** The key of the row that was seen last up to its own name, and the table that it is of. */
  #lastPrefix: Uint8Array = new Uint8Array(0)
  #last: KeptRows | undefined

  /** Those in the records of a checkpoint that is in memory. */
  static of(records: CheckpointRecords): CheckpointTables {
    const tables = new CheckpointTables()
    for (const [name, value] of records) {
      const key = Buffer.from(name)
      if (!isRowKey(key, 0, key.length)) continue
      const bytes = Buffer.concat([key, value])
      tables.#put({ bytes, keyStart: 0, keyEnd: key.length, valueStart: key.length, valueEnd: bytes.length })
    }
    return tables
  }

  /** The rows of a table, which are the caller's from now on. */
  take(table: string): KeptRows {
    const rows = this.#tables.get(table) ?? new KeptRows()
    this.#tables.delete(table)
    return rows
  }

  /** What the rows of a table come to. */
  sumOf(table: string): TableSum {
    return this.#tables.get(table)?.sum() ?? noRows
  }

  /** The rows of a table, by the bytes of their keys as Latin-1. */
  *rowsOf(table: string): Generator<[key: string, value: Uint8Array], void> {
    const rows = this.#tables.get(table)
    if (rows !== undefined) yield* rows.scanBefore()
  }

  /** The keys of all records of tables that are not among these. */
  recordKeysBesides(kept: ReadonlySet<string>): string[] {
    const others = [...this.#tables].filter(([name]) => !kept.has(name))
    return others.flatMap(([name, rows]) => Array.from(rows.scanBefore(), ([key]) => tableRowKey(name, key)))
  }

  /** Notes rows of an epoch that may not be whole. @param rows - Indexes of records whose keys are of rows. */
  stage(columns: RecordColumns, rows: readonly number[], place: RecordPlace): void {
    const { bytes, recordStart, recordEnd } = columns
    const start = recordStart[rows[0]!]!
    const places = new Int32Array(rows.length * placeNumbers)
    let at = 0
    for (const row of rows) {
      place.find(columns, row)
      places[at++] = place.keyStart - start
      places[at++] = place.keyEnd - start
      places[at++] = place.valueStart - start
      places[at++] = place.valueEnd - start
    }
    this.#staged.push({ bytes: new Uint8Array(bytes.subarray(start, recordEnd[rows.at(-1)!])), places })
  }

  /** The epoch of all that was noted is whole. */
  settle(): void {
    for (const { bytes, places } of this.#staged) {
      const row = { bytes, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0 }
      for (let at = 0; at < places.length; at += placeNumbers) {
        row.keyStart = places[at]!
        row.keyEnd = places[at + 1]!
        row.valueStart = places[at + 2]!
        row.valueEnd = places[at + 3]!
        this.#put(row)
      }
    }
    this.#staged.length = 0
  }

  #put(row: { keyStart: number } & RowBytes): void {
    const { bytes, keyStart, keyEnd } = row
    if (!this.#isOfLast(bytes, keyStart, keyEnd)) this.#find(bytes, keyStart)
    row.keyStart += this.#lastPrefix.length
    this.#last!.load(row)
  }

  #isOfLast(bytes: Uint8Array, start: number, end: number): boolean {
    const { length } = this.#lastPrefix
    if (length === 0 || end - start < length) return false
    for (let at = 0; at < length; at++) if (bytes[start + at] !== this.#lastPrefix[at]) return false
    return true
  }

  #find(bytes: Uint8Array, start: number): void {
    const nameStart = start + prefix.length
    const nameEnd = bytes.indexOf(slash, nameStart)
    const name = Buffer.from(bytes.subarray(nameStart, nameEnd)).toString()
    const rows = this.#tables.get(name) ?? new KeptRows()
    this.#tables.set(name, rows)
    this.#lastPrefix = new Uint8Array(bytes.subarray(start, nameEnd + 1))
    this.#last = rows
  }
}

/** Whether a key is that of a row of a table. */
export function isRowKey(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < prefix.length) return false
  for (let at = 0; at < prefix.length; at++) if (bytes[start + at] !== prefix[at]) return false
  return true
}
