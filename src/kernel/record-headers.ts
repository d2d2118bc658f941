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
export function headerOf(
  { bytes, valueEnd, recordEnd }: RecordColumns,
  row: number,
  name: string,
): Uint8Array | undefined {
  const cursor = new ByteCursor(bytes, valueEnd[row]!, recordEnd[row]!)
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
  { bytes, valueEnd, recordEnd }: RecordColumns,
  row: number,
  name: string,
): { readonly headerCount: number; readonly headers: Uint8Array } {
  const cursor = new ByteCursor(bytes, valueEnd[row]!, recordEnd[row]!)
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

function isText(bytes: Uint8Array | undefined, ascii: string): boolean {
  if (bytes?.length !== ascii.length) return false
  for (let i = 0; i < ascii.length; i++) if (bytes[i] !== ascii.charCodeAt(i)) return false
  return true
}
