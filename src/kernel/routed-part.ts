import { ByteCursor } from './byte-cursor.ts'
import type { RecordColumns } from './columns.ts'
import { noSide, rowFlags } from './columns.ts'
import { keyBytesLimit } from './constants/block.ts'
import { placeBits, placeOfNumber, placeOfRespelled } from './constants/routed.ts'
import type { PartOrigin } from './origins.ts'
import type { PlainRecord } from './plain-record.ts'
import { encodeHeader, headerOf } from './record-headers.ts'

/**
 * A routed part is a record: its key is the merge key, in JSON as the source record spells it; its value is the part;
 * its headers are those of the source record, one with the name of the side, and one without a name with the place: the
 * number of the source partition with what the key is (`constants/routed.ts`), and the offset, as zigzag varints. It has the time that
 * its row has. So it is read as any record is, and those that `assembly/routes.ts` has written faster.
 *
 * Between the parts there may be records without a key that tell how far sources were read when they were written, and
 * nothing else: they have one header, with a name of one letter.
 */
export const routedHeaders = { side: 's', place: '', progress: 'p' } as const

const SIDE = routedHeaders.side.charCodeAt(0)
const PROGRESS = routedHeaders.progress.charCodeAt(0)
/** A length of 1 as a varint. */
const oneByte = 2
/** Place and offset. */
const placeBytesMax = 5 + 9
const quotes = 2
/** The number of headers, side and place, as a varint. */
const onlyOwn = 4
/** The same of one header. */
const onlyOne = 2

/** By how many bytes key and headers of a routed part may be longer than its source record. */
export function routedBytesMax(sideNames: readonly string[]): number {
  const headers = sideNames.map((name) => encodeRoutedHeaders(name).length)
  return keyBytesLimit + quotes + Math.max(...headers) + 1 + placeBytesMax
}

/** The headers of a part of a side, up to the length of the place. */
export function encodeRoutedHeaders(side: string): Uint8Array {
  // The name of the other is nothing but its length.
  return Buffer.concat([encodeHeader(routedHeaders.side, Buffer.from(side)), Buffer.of(0)])
}

/** Where the record of a routed part is in its source; undefined of a record that is none. */
export function readRoutedPlace(columns: RecordColumns, row: number): PartOrigin | undefined {
  const place = headerOf(columns, row, routedHeaders.place)
  if (place === undefined) return undefined
  const cursor = new ByteCursor(place)
  try {
    return { partition: cursor.varint() >> placeBits, offset: cursor.varint() }
  } catch {
    return undefined
  }
}

/** A record that tells how far sources are read. @param value - Which ones, and how far. */
export function progressRecord(value: Uint8Array): PlainRecord {
  return { key: undefined, value, headerCount: 1, headers: encodeHeader(routedHeaders.progress, Buffer.of()) }
}

/** Whether a row is such a record, and no part. */
export function isProgress({ bytes, valueEnd }: Pick<RecordColumns, 'bytes' | 'valueEnd'>, row: number): boolean {
  const at = valueEnd[row]!
  return bytes[at] === onlyOne && bytes[at + 1] === oneByte && bytes[at + 2] === PROGRESS && bytes[at + 3] === 0
}

/** Passes over the rows that are no parts, but tell how far sources are read. */
export function passOverProgress(columns: RecordColumns): void {
  for (let row = 0; row < columns.count; row++) if (isProgress(columns, row)) passOver(columns, row)
}

function passOver({ side, reason, flags }: RecordColumns, row: number): void {
  side[row] = noSide
  reason[row] = 0
  flags[row] = rowFlags.filtered
}

/**
 * Finds side, key and part of routed parts that look as most do. Whatever looks otherwise is left to those who read any
 * record.
 * Cost per record: a look at the bytes around key and value.
 */
export class RoutedParts {
  readonly #sides: readonly { readonly side: number; readonly name: Uint8Array }[]

  /** @param sides - Names of sides, with their numbers. */
  constructor(sides: Iterable<readonly [side: number, name: string]>) {
    this.#sides = Array.from(sides, ([side, name]) => ({ side, name: Buffer.from(name) }))
  }

  /** @returns Whether that was so of all rows; else nothing that it has found of any counts. */
  open(columns: RecordColumns): boolean {
    const { bytes, count, recordStart, recordEnd, valueStart, valueEnd } = columns
    const { side, reason, flags, keyStart, keyEnd, partStart, partEnd } = columns
    for (let row = 0; row < count; row++) {
      const headersAt = valueEnd[row]!
      if (isProgress(columns, row)) {
        passOver(columns, row)
        continue
      }
      const sideAt = bytes[headersAt] === onlyOwn ? headersAt + 1 : ownHeadersAt(bytes, headersAt)
      if (sideAt < 0 || bytes[sideAt] !== oneByte || bytes[sideAt + 1] !== SIDE) return false
      const nameLength = bytes[sideAt + 2]! >> 1
      const nameAt = sideAt + 3
      const placeAt = nameAt + nameLength
      const found = this.#sideOf(bytes, nameAt, nameLength)
      if (found < 0 || bytes[placeAt] !== 0 || placeAt + 2 + (bytes[placeAt + 1]! >> 1) !== recordEnd[row]) return false
      // What the key is stands in the lowest bits, above the sign.
      const place = bytes[placeAt + 2]! >> 1
      if ((place & placeOfRespelled) !== 0 || valueStart[row]! < 0) return false
      const isNumber = (place & placeOfNumber) !== 0

      // The key is after attributes, timestamp and offset.
      let at = recordStart[row]! + 1
      while (bytes[at++]! > 127);
      while (bytes[at++]! > 127);
      let length = bytes[at++]!
      if (length > 127) {
        const high = bytes[at++]!
        if (high > 127) return false
        length = (length & 127) | (high << 7)
      }
      const quote = isNumber ? 0 : 1
      if ((length & 1) !== 0 || length >> 1 < 2 * quote) return false
      side[row] = found
      reason[row] = 0
      flags[row] = isNumber ? rowFlags.keyIsNumber : 0
      keyStart[row] = at + quote
      keyEnd[row] = at + (length >> 1) - quote
      partStart[row] = valueStart[row]!
      partEnd[row] = headersAt
    }
    return true
  }

  #sideOf(bytes: Uint8Array, at: number, length: number): number {
    for (const { side, name } of this.#sides) {
      if (name.length !== length) continue
      let same = 0
      while (same < length && bytes[at + same] === name[same]) same++
      if (same === length) return side
    }
    return -1
  }
}

/** Where the last two headers begin; -1 where any before has a name or a value of 64 bytes or more. */
function ownHeadersAt(bytes: Uint8Array, headersAt: number): number {
  let at = headersAt
  let count = bytes[at++]!
  if (count > 127) return -1
  for (; count > onlyOwn; count -= 2) {
    const name = bytes[at]!
    const value = bytes[at + 1 + (name >> 1)]!
    // An odd number is below zero: there is none.
    if (((name | value) & 0x81) !== 0) return -1
    at += 2 + (name >> 1) + (value >> 1)
  }
  return count === onlyOwn ? at : -1
}
