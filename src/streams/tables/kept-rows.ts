import {
  bytes,
  loadRow,
  type RowBytes,
  Store,
  type Table,
  type TableSnapshot,
  text,
  visitRows,
} from '../../state/index.ts'
import { type Digest, emptyDigest } from '../checkpoint/digest.ts'
import { addRowDigest } from './row-digest.ts'

/** How many rows a table has, and their digest. */
export interface TableSum {
  readonly rows: number
  readonly digest: Digest
}

/** More than the tables of a program may be declared with. */
const boundless = 3 * 2 ** 30

/** That of an empty one. */
export const noRows: TableSum = { rows: 0, digest: emptyDigest }

interface KeptRowsOptions {
  /** For people. */
  readonly name?: string
  /** Whether they are kept in the order of their keys. */
  readonly isOrdered?: boolean
  /** Left out where changes are compared with a bound before they are made: a commit must not fail. */
  readonly bytesMax?: number
}

/**
 * The rows of a table of a program, outside the JavaScript heap. They are named by the bytes of their keys as Latin-1, in
 * memory as in the checkpoint: so a record of the checkpoint goes there as it stands.
 */
export class KeptRows {
  readonly #store = new Store()
  readonly #table: Table<string, Uint8Array>

  constructor({ name = 'rows', isOrdered = false, bytesMax = boundless }: KeptRowsOptions = {}) {
    this.#table = this.#store.table(name, { key: text, value: bytes, ordered: isOrdered, bytesMax })
  }

  get size(): number {
    return this.#table.size
  }

  get usedBytes(): number {
    return this.#table.usedBytes
  }

  get(key: string): Uint8Array | undefined {
    return this.#table.get(key)
  }

  /**
   * @param value - Absent where the row is deleted.
   * @throws StateError `STATE_BYTES_EXCEEDED`
   */
  put(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#table.delete(key)
    else this.#table.set(key, value)
  }

  /** Takes a row in, or out, as a record of the checkpoint has it. */
  load(row: RowBytes): void {
    loadRow(this.#table, row)
  }

  /** What they come to, for which all of them are looked at. */
  sum(): TableSum {
    let rows = 0
    const digest = { low: 0, high: 0 }
    visitRows(this.#table, (row) => {
      rows++
      addRowDigest(digest, row)
    })
    return { rows, digest: [digest.low, digest.high] }
  }

  /**
   * Those whose keys come before one, in order where there is one.
   *
   * @param end - Absent for all rows.
   */
  scanBefore(end?: string): Generator<[string, Uint8Array], void> {
    return this.#table.scan(end === undefined ? {} : { before: end })
  }

  /** The rows as they are, whatever comes later. */
  snapshot(): TableSnapshot<string, Uint8Array> {
    return this.#table.at(this.#store.version)
  }
}
