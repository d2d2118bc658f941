/** What a window has come to for one key. */
export interface WindowRow {
  /** When the window began. */
  startMs: number
  /** Of the record with the greatest timestamp. */
  greatestMs: number
  /** How many records there are. */
  records: number
  /** What they come to: a number, or JSON. */
  value: number | string
  /** Bytes of the value as JSON, at most. */
  valueBytes: number
}

/** Of a number as JSON, such as -2.2250738585072014e-308. */
export const numberBytesMax = 24

const numbersBytes = 24

/** A row in a table: three numbers, and the value as JSON. */
export function encodeWindowRow({ startMs, greatestMs, records, value }: WindowRow): Uint8Array {
  const text = String(value)
  const bytes = Buffer.allocUnsafe(numbersBytes + Buffer.byteLength(text))
  bytes.writeDoubleBE(greatestMs, 0)
  bytes.writeDoubleBE(records, 8)
  bytes.writeDoubleBE(startMs, 16)
  bytes.write(text, numbersBytes)
  return bytes
}

/** @param isNumber - Whether the value is one. */
export function decodeWindowRow({ buffer, byteOffset, length }: Uint8Array, isNumber: boolean): WindowRow {
  const bytes = Buffer.from(buffer, byteOffset, length)
  const text = bytes.toString('utf8', numbersBytes)
  return {
    startMs: bytes.readDoubleBE(16),
    greatestMs: bytes.readDoubleBE(0),
    records: bytes.readDoubleBE(8),
    value: isNumber ? Number(text) : text,
    valueBytes: isNumber ? numberBytesMax : length - numbersBytes,
  }
}

/** How many records a row has that is as it was written. */
export function recordsOf({ buffer, byteOffset, length }: Uint8Array): number {
  return Buffer.from(buffer, byteOffset, length).readDoubleBE(8)
}

/** Bytes that a row takes as it is written, at most, with its name. */
export function windowRowBytes(name: string, valueBytes: number): number {
  return Buffer.byteLength(name) + numbersBytes + valueBytes
}
