import { crc32c } from '@node-rs/crc32'

const headerBytes = 61
const crcAt = 17
const crcStart = 21

// Length, attributes, both deltas, key length, value length and header count of one record, with their longest varints.
const recordOverheadBytesMax = 24

const noHeaders = Uint8Array.of(0)
/** So long a key may be: one byte tells its length. */
export const keyBytesMax = 63

/**
 * Writes one Kafka record batch (format 2, uncompressed, not transactional) into memory of its own.
 *
 * A record is written between `startRecord` and `endRecord`, straight to its place. Its length stands in front of it
 * and is not known yet; both of its lengths lie between 64 and 8,191, so each has a varint of two bytes, filled in
 * afterwards.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export class BatchWriter {
  readonly bytes: Uint8Array
  recordCount = 0
  #end = headerBytes
  #recordStart = 0
  #valueStart = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0

  constructor(batchBytes: number) {
    this.bytes = new Uint8Array(batchBytes)
  }

  /** Whether a record with a value of this size still fits. */
  hasRoomFor(valueBytes: number): boolean {
    return this.#end + recordOverheadBytesMax + valueBytes <= this.bytes.length
  }

  /**
   * Begins a record; returns where its value is to be written in `bytes`. Timestamps may not go back.
   *
   * @param key - Of 63 bytes at most. @defaultValue null
   */
  startRecord(timestampMs: number, key?: Uint8Array): number {
    if (this.recordCount === 0) this.#baseTimestampMs = timestampMs
    this.#maxTimestampMs = timestampMs
    const { bytes } = this
    this.#recordStart = this.#end
    let at = this.#recordStart + 2
    bytes[at++] = 0 // attributes
    at = writeVarint(bytes, at, timestampMs - this.#baseTimestampMs)
    at = writeVarint(bytes, at, this.recordCount)
    bytes[at++] = key === undefined ? 1 : key.length << 1 // as a zigzag varint, of -1 where there is no key
    if (key !== undefined) bytes.set(key, at)
    this.#valueStart = at + (key?.length ?? 0) + 2
    return this.#valueStart
  }

  /** Ends the record whose value was written up to `valueEnd`. @param headers - With their count. */
  endRecord(valueEnd: number, headers: Uint8Array = noHeaders): void {
    const { bytes } = this
    writeTwoByteVarint(bytes, this.#valueStart - 2, valueEnd - this.#valueStart)
    bytes.set(headers, valueEnd)
    this.#end = valueEnd + headers.length
    writeTwoByteVarint(bytes, this.#recordStart, this.#end - this.#recordStart - 2)
    this.recordCount++
  }

  /** Fills in the header and returns the finished batch. */
  seal(): Uint8Array {
    const batch = this.bytes.subarray(0, this.#end)
    const header = new DataView(batch.buffer)
    header.setInt32(8, this.#end - 12) // what follows the length
    header.setInt32(12, -1) // leader epoch
    header.setInt8(16, 2) // format
    header.setInt32(23, this.recordCount - 1)
    header.setBigInt64(27, BigInt(this.#baseTimestampMs))
    header.setBigInt64(35, BigInt(this.#maxTimestampMs))
    header.setBigInt64(43, -1n) // producer id
    header.setInt16(51, -1) // producer epoch
    header.setInt32(53, -1) // sequence
    header.setInt32(57, this.recordCount)
    header.setUint32(crcAt, crc32c(batch.subarray(crcStart)))
    return batch
  }
}

/** Writes a zigzag varint of a number from 0 to 2^30. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value << 1
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function writeTwoByteVarint(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = ((value << 1) & 127) | 128
  bytes[at + 1] = value >>> 6
}
