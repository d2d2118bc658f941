/**
 * Rows that one shard has cut out for another one, as they travel: batch after batch, each with the number of its source
 * partition, how many rows it has, and how many bytes they take, in a word each.
 */
const headBytes = 12

/** Bytes that rows are gathered in: what is larger is not kept for the next ones. */
const keptBytesMax = 4 << 20
const capacityMin = 256 << 10

/** Gathers rows for one shard. */
export class CutRows {
  #bytes = new Uint8Array(0)
  #length = 0
  /** Memory that has come back. */
  readonly #kept: Uint8Array<ArrayBuffer>[] = []

  add({ partition, count, rows }: CutBatch): void {
    const at = this.#length
    this.#length += headBytes + rows.length
    if (this.#length > this.#bytes.length) this.#grow(at)
    const view = viewOf(this.#bytes)
    view.setUint32(at, partition, true)
    view.setUint32(at + 4, count, true)
    view.setUint32(at + 8, rows.length, true)
    this.#bytes.set(rows, at + headBytes)
  }

  /** All that was added, and how many bytes of its memory that are; undefined of nothing. The memory is the caller's. */
  take(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number } | undefined {
    if (this.#length === 0) return undefined
    const taken = { bytes: this.#bytes, length: this.#length }
    this.#bytes = this.#kept.pop() ?? new Uint8Array(0)
    this.#length = 0
    return taken
  }

  /** Takes memory back, to be used again. */
  recycle(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length <= keptBytesMax && this.#kept.length < 2) this.#kept.push(bytes)
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length, capacityMin))
    grown.set(this.#bytes.subarray(0, length))
    this.#bytes = grown
  }
}

/** Rows of one batch that were cut out. */
export interface CutBatch {
  readonly partition: number
  readonly count: number
  readonly rows: Uint8Array
}

/** What was gathered, batch by batch. */
export function* readCut(bytes: Uint8Array, length: number): Generator<CutBatch> {
  const view = viewOf(bytes)
  for (let at = 0; at < length;) {
    const rowsAt = at + headBytes
    const end = rowsAt + view.getUint32(at + 8, true)
    const rows = bytes.subarray(rowsAt, end)
    yield { partition: view.getUint32(at, true), count: view.getUint32(at + 4, true), rows }
    at = end
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
