import { StateError } from '../../core/errors.ts'
import type { Codec, TableSnapshot } from '../../state/index.ts'
import { addDigests } from '../checkpoint/digest.ts'
import { type PutRecord, tableRowKey } from '../checkpoint/checkpoint-topic.ts'
import type { ProgramTable } from '../topology/table.ts'
import { Changes, rowBytes } from './changes.ts'
import { KeptRows, type TableSum } from './kept-rows.ts'
import { rowDigest, withoutRow } from './row-digest.ts'

/**
 * A table of a program: the rows of the last committed epoch, and what has changed since, in layers.
 *
 *   rows of the last committed epoch ◄─ closed epoch ◄─ current epoch ◄─ batch on its way ◄─ call that runs
 *
 * Rows are named by the bytes of their keys as Latin-1, in memory as in the checkpoint. A read finds the newest. A commit
 * writes the layer of its epoch into the rows; a rollback drops all layers, so nothing has to be undone. The call that
 * runs writes into the layer of its batch, and is undone by what was there.
 */
export class KeptTable {
  readonly declaration: ProgramTable
  readonly #rows: KeptRows
  #closed = new Changes()
  #current = new Changes()
  readonly #batch = new Changes()
  /** What the running call has changed in the layer of the batch, as it was before; in the order of the changes. */
  readonly #undo: { readonly key: string; readonly was: { readonly value: Uint8Array | undefined } | undefined }[] = []
  #committedSum: TableSum
  #closedSum: TableSum

  /** @param rows - Those of the last committed epoch, which are the table's from now on. */
  constructor(declaration: ProgramTable, rows = new KeptRows()) {
    this.declaration = declaration
    this.#rows = rows
    this.#committedSum = this.#closedSum = rows.sum()
  }

  /** Of the last committed epoch. */
  get sum(): TableSum {
    return this.#committedSum
  }

  /** Bytes of the rows of the last committed epoch, and of all changes since. */
  get usedBytes(): number {
    return this.#rows.usedBytes + this.#closed.bytes + this.#current.bytes + this.#batch.bytes
  }

  /**
   * The rows of the last committed epoch whose keys come before one, in order; of a table with an order.
   *
   * @param end - Absent for all rows.
   */
  scanBefore(end: string | undefined): Generator<[string, Uint8Array], void> {
    return this.#rows.scanBefore(end)
  }

  /** The rows of the last committed epoch, whatever is committed later. */
  snapshot(): TableSnapshot<string, Uint8Array> {
    return this.#rows.snapshot()
  }

  /** Puts in a row of the last committed epoch. */
  restore(key: string, value: Uint8Array): void {
    this.#rows.put(key, value)
    const { rows, digest } = this.#committedSum
    this.#committedSum = this.#closedSum = { rows: rows + 1, digest: addDigests(digest, rowDigest(key, value)) }
  }

  get(key: string): Uint8Array | undefined {
    for (const layer of [this.#batch, this.#current, this.#closed]) if (layer.has(key)) return layer.get(key)
    return this.#rows.get(key)
  }

  /**
   * @param value - Absent where the row is deleted.
   * @throws StateError `STATE_BYTES_EXCEEDED`
   */
  set(key: string, value: Uint8Array | undefined): void {
    if (value !== undefined) this.#checkRoom(rowBytes(key, value))
    this.#undo.push({ key, was: this.#batch.has(key) ? { value: this.#batch.get(key) } : undefined })
    this.#batch.set(key, value)
  }

  endCall(): void {
    this.#undo.length = 0
  }

  undoCall(): void {
    for (const { key, was } of this.#undo.reverse()) {
      if (was === undefined) this.#batch.forget(key)
      else this.#batch.set(key, was.value)
    }
    this.endCall()
  }

  /** The batch belongs to the current epoch. @returns Bytes that the epoch writes more, at most. */
  takeBatch(): number {
    const { bytes: changedBytes } = this.#batch
    if (changedBytes > 0) this.#current.absorb(this.#batch)
    return changedBytes
  }

  /** Puts the net changes of the current epoch into the checkpoint; returns what the table comes to. */
  close(put: PutRecord): TableSum {
    this.#closed = this.#current
    this.#current = new Changes()
    let { rows, digest } = this.#committedSum
    for (const [key, value] of this.#closed.rows) {
      const before = this.#rows.get(key)
      if (before !== undefined) [rows, digest] = [rows - 1, withoutRow(digest, rowDigest(key, before))]
      if (value !== undefined) [rows, digest] = [rows + 1, addDigests(digest, rowDigest(key, value))]
      if (!areEqual(before, value)) put(tableRowKey(this.declaration.name, key), value)
    }
    this.#closedSum = { rows, digest }
    return this.#closedSum
  }

  commit(): void {
    for (const [key, value] of this.#closed.rows) this.#rows.put(key, value)
    this.#closed.clear()
    this.#committedSum = this.#closedSum
  }

  rollback(): void {
    for (const layer of [this.#batch, this.#current, this.#closed]) layer.clear()
    this.endCall()
    this.#closedSum = this.#committedSum
  }

  #checkRoom(more: number): void {
    const { name, bytesMax } = this.declaration
    if (this.usedBytes + more <= bytesMax) return
    const message = `table "${name}" has no room within its ${bytesMax} bytes: raise its bytesMax, or have functions delete rows`
    throw new StateError('STATE_BYTES_EXCEEDED', message, { table: name, bytesMax })
  }
}

/** A value as bytes. @throws StateError `STATE_VALUE_INVALID` */
export function encoded<Value>(codec: Codec<Value>, value: Value): Buffer {
  const captured = codec.capture(value)
  const encodedBytes = Buffer.allocUnsafe(codec.bytesMax(captured))
  return encodedBytes.subarray(0, codec.write(captured, encodedBytes, 0))
}

/** The key or the value of a row that somebody gives to a table. @throws StateError `STATE_VALUE_INVALID` that names it */
export function given<Value>(part: 'key' | 'value', table: string, codec: Codec<Value>, value: Value): Buffer {
  try {
    return encoded(codec, value)
  } catch (cause) {
    if (!(cause instanceof StateError)) throw cause
    const message = `the ${part} of a row of table "${table}": ${cause.message}`
    throw new StateError('STATE_VALUE_INVALID', message, { ...cause.details, table }, cause)
  }
}

/** A key as rows are named by it. @throws StateError `STATE_VALUE_INVALID` */
export function rowName<Key>(table: { readonly name: string; readonly key: Codec<Key> }, key: Key): string {
  return given('key', table.name, table.key, key).toString('latin1')
}

/** The value that bytes are. */
export function decoded<Value>(codec: Codec<Value>, { buffer, byteOffset, length }: Uint8Array): Value {
  return codec.read(Buffer.from(buffer, byteOffset, length), 0, length)
}

function areEqual(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : Buffer.compare(left, right) === 0
}
