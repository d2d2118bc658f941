import { ByteCursor } from './byte-cursor.ts'
import type { RecordColumns } from './columns.ts'
import { writeVarint } from './output-batch.ts'
import { noHeaders } from './plain-record.ts'

/** A header as it stands in a record: name and value, each after its length. */
export function encodeHeader(name: string, value: Uint8Array): Uint8Array {
  const nameBytes = Buffer.from(name)
  const bytes = Buffer.alloc(nameBytes.length + value.length + 10)
  let at = writeVarint(bytes, 0, nameBytes.length)
  bytes.set(nameBytes, at)
  at = writeVarint(bytes, at + nameBytes.length, value.length)
  bytes.set(value, at)
  return bytes.subarray(0, at + value.length)
}

/** The value of a row's last header of a name; undefined where there is none, or where its headers cannot be read. */
export function headerOf(columns: RecordColumns, row: number, name: string): Uint8Array | undefined {
  const cursor = headersFrom(columns, row)
  let found: Uint8Array | undefined
  try {
    for (let count = cursor.varint(); count > 0; count--) {
      const isWanted = isText(cursor.sized(), name)
      const value = cursor.sized()
      if (isWanted) found = value
    }
  } catch {
    return undefined
  }
  return found
}

/** The headers of a row without those of a name; none where they cannot be read. */
export function headersWithout(
  columns: RecordColumns,
  row: number,
  name: string,
): { readonly headerCount: number; readonly headers: Uint8Array } {
  const { bytes } = columns
  const cursor = headersFrom(columns, row)
  const kept: Uint8Array[] = []
  try {
    for (let count = cursor.varint(); count > 0; count--) {
      const from = cursor.at
      const isUnwanted = isText(cursor.sized(), name)
      cursor.sized()
      if (!isUnwanted) kept.push(bytes.subarray(from, cursor.at))
    }
  } catch {
    return noHeaders
  }
  return { headerCount: kept.length, headers: Buffer.concat(kept) }
}

/** The headers of a row before the last one of a name; all where there is none, none where they cannot be read. */
export function headersBefore(
  columns: RecordColumns,
  row: number,
  name: string,
): { readonly headerCount: number; readonly headers: Uint8Array } {
  const { bytes } = columns
  const cursor = headersFrom(columns, row)
  try {
    const total = cursor.varint()
    const start = cursor.at
    let last: { readonly headerCount: number; readonly end: number } | undefined
    for (let headerCount = 0; headerCount < total; headerCount++) {
      const end = cursor.at
      if (isText(cursor.sized(), name)) last = { headerCount, end }
      cursor.sized()
    }
    const { headerCount, end } = last ?? { headerCount: total, end: cursor.at }
    return { headerCount, headers: bytes.subarray(start, end) }
  } catch {
    return noHeaders
  }
}

/** All headers of a row in their order, by name; none where they cannot be read. */
export function headersOf(
  columns: RecordColumns,
  row: number,
): (readonly [name: Uint8Array, value: Uint8Array | undefined])[] {
  const cursor = headersFrom(columns, row)
  const headers: [Uint8Array, Uint8Array | undefined][] = []
  try {
    for (let count = cursor.varint(); count > 0; count--) headers.push([cursor.sized()!, cursor.sized()])
  } catch {
    return []
  }
  return headers
}

/** They follow the value that the record came with; it may have been given another one, after its end. */
export function headersFrom({ bytes, recordStart, recordEnd, valueEnd }: RecordColumns, row: number): ByteCursor {
  const end = recordEnd[row]!
  if (valueEnd[row]! < end) return new ByteCursor(bytes, valueEnd[row]!, end)
  const cursor = new ByteCursor(bytes, recordStart[row]! + 1, end)
  // Timestamp and offset, key and value.
  cursor.varint()
  cursor.varint()
  cursor.sized()
  cursor.sized()
  return cursor
}

/** Whether bytes are this text. */
export function isText(bytes: Uint8Array | undefined, ascii: string): boolean {
  if (bytes?.length !== ascii.length) return false
  for (let i = 0; i < ascii.length; i++) if (bytes[i] !== ascii.charCodeAt(i)) return false
  return true
}
