import type { RecordColumns } from './columns.ts'
import { RecordPlace } from './record-place.ts'

/** Where the fields of a record lie in the bytes of its row. One object serves for all records, one after the other. */
export class RecordFrame {
  /** Of key and value. */
  readonly place = new RecordPlace()
  headerCount = 0
  /** Of the first header, after their count. */
  headersStart = 0
  headersLength = 0
  #at = 0

  /**
   * Reads the frame of the record as it was fetched: its row may have been given another value, after its end. Whoever has
   * fetched it has read its key and its value already; headers that cannot be read are none.
   */
  read(columns: RecordColumns, row: number): void {
    const { bytes, recordEnd } = columns
    this.place.find(columns, row)
    this.#at = Math.max(this.place.valueStart, this.place.valueEnd)
    const end = recordEnd[row]!
    this.headerCount = this.#varint(bytes)
    this.headersStart = this.#at
    this.headersLength = end - this.#at
    // What nobody can read is left out, or what is written behind it could not be read either.
    if (!this.#areHeaders(bytes, end)) this.headerCount = this.headersLength = 0
  }

  /** Whether there are as many as it says, each with its name and value, and nothing after them. */
  #areHeaders(bytes: Uint8Array, end: number): boolean {
    for (let piece = 0; piece < 2 * this.headerCount; piece++) {
      if (this.#at >= end) return false
      const length = this.#varint(bytes)
      this.#at += Math.max(length, 0)
    }
    return this.headerCount >= 0 && this.#at === end
  }

  /** A zigzag varint of 32 bits, of five bytes at most. */
  #varint(bytes: Uint8Array): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.#at++]!
      value |= (byte & 127) << shift
      if (byte < 128) break
    }
    return (value >>> 1) ^ -(value & 1)
  }
}
