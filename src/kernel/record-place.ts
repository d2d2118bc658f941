import type { RecordColumns } from './columns.ts'

/**
 * Where key and value of a record lie in the bytes of its columns, for those who look at many: one object for all of
 * them, which says it of the last one that was found.
 */
export class RecordPlace {
  keyStart = 0
  /** Less than its start where there is no key. */
  keyEnd = 0
  valueStart = 0
  /** Likewise, which makes a tombstone. */
  valueEnd = 0
  #at = 0
  #length = 0

  /** @throws RangeError where a length is not true. */
  find({ bytes, recordStart, recordEnd }: RecordColumns, row: number): void {
    // After the attributes.
    this.#at = recordStart[row]! + 1
    // Timestamp and offset.
    this.#skip(bytes)
    this.#skip(bytes)
    this.keyStart = this.#lengthAt(bytes)
    this.keyEnd = this.keyStart + this.#length
    this.#at = Math.max(this.keyStart, this.keyEnd)
    this.valueStart = this.#lengthAt(bytes)
    this.valueEnd = this.valueStart + this.#length
    if (Math.max(this.valueStart, this.valueEnd) > recordEnd[row]!) throw new RangeError('bytes are cut off')
  }

  #skip(bytes: Uint8Array): void {
    while (bytes[this.#at]! >= 128) this.#at++
    this.#at++
  }

  /** Reads a length, which is -1 where there is nothing; returns where what it is of begins. */
  #lengthAt(bytes: Uint8Array): number {
    let zigzag = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[this.#at++]!
      zigzag |= (byte & 127) << shift
      if (byte < 128) break
    }
    this.#length = (zigzag >>> 1) ^ -(zigzag & 1)
    return this.#at
  }
}
