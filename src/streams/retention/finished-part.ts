import {
  ByteCursor,
  encodeHeader,
  headerOf,
  type RecordColumns,
  rowFlags,
  varintLength,
  writeVarint,
} from '../../kernel/index.ts'
import { corrupt } from '../checkpoint/manifest.ts'
import { ownHeaders, type PromotablePart, promotablePart } from './promotable-part.ts'

/**
 * Of promoted records of a program with tables: side, key and part as functions have made them, which must not see the
 * record again. No function sees one.
 */
const finishedPartHeader = 'millrace.finished'

/** What of the flags of a row is of its key itself, and not of where that lies. */
const keyFlags = rowFlags.keyIsNumber | rowFlags.keyRespelled

/** A row as functions have made it, without its source record. */
export function finishedPart(columns: RecordColumns, row: number, withHeaders: boolean): PromotablePart {
  const { headerCount, headers } = ownHeaders(columns, row, withHeaders)
  const kept = encodeHeader(finishedPartHeader, encodeFinished(columns, row))
  const content = { key: undefined, value: undefined, headerCount: headerCount + 1 }
  return promotablePart(columns, row, { ...content, headers: Buffer.concat([headers, kept]) })
}

/** Bytes that `finishedPart` would have at most, and its record around them. */
export function finishedPartBytes(columns: RecordColumns, row: number): number {
  const { recordStart, recordEnd } = columns
  return recordEnd[row]! - recordStart[row]! + finishedLength(columns, row)
}

/**
 * Gives rows side, key and part, as `finishedPart` has kept them.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`
 */
export function openFinishedParts(columns: RecordColumns): void {
  for (let row = 0; row < columns.count; row++) {
    const kept = headerOf(columns, row, finishedPartHeader)
    if (kept === undefined) throw corrupt(`the promoted part at offset ${columns.offset[row]} has no key`)
    try {
      openFinished(columns, row, kept)
    } catch (error) {
      throw corrupt(`the promoted part at offset ${columns.offset[row]} is damaged`, error)
    }
  }
}

function encodeFinished(columns: RecordColumns, row: number): Uint8Array {
  const { side, flags, keyStart, keyEnd, spellingStart, spellingEnd, partStart, partEnd } = columns
  const has = (flag: number) => (flags[row]! & flag) !== 0
  const bytesOf = (isInExtra: boolean, start: Int32Array, end: Int32Array) =>
    (isInExtra ? columns.extra.bytes : columns.bytes).subarray(start[row], end[row])
  const key = bytesOf(has(rowFlags.keyInExtra), keyStart, keyEnd)
  const isRespelled = has(rowFlags.keyRespelled)
  const spelling = isRespelled ? bytesOf(has(rowFlags.spellingInExtra), spellingStart, spellingEnd) : new Uint8Array(0)
  const kept = Buffer.allocUnsafe(finishedLength(columns, row))
  let at = writeVarint(kept, 0, side[row]!)
  at = writeVarint(kept, at, flags[row]! & keyFlags)
  for (const piece of [key, spelling]) {
    at = writeVarint(kept, at, piece.length)
    kept.set(piece, at)
    at += piece.length
  }
  const part = bytesOf(has(rowFlags.partInExtra), partStart, partEnd)
  kept.set(part, at)
  return kept.subarray(0, at + part.length)
}

function finishedLength(columns: RecordColumns, row: number): number {
  const { keyStart, keyEnd, spellingStart, spellingEnd, partStart, partEnd, flags } = columns
  const key = keyEnd[row]! - keyStart[row]!
  const isRespelled = (flags[row]! & rowFlags.keyRespelled) !== 0
  const spelling = isRespelled ? spellingEnd[row]! - spellingStart[row]! : 0
  const fixed = varintLength(columns.side[row]!) + varintLength(keyFlags) + varintLength(key) + varintLength(spelling)
  return fixed + key + spelling + partEnd[row]! - partStart[row]!
}

function openFinished(columns: RecordColumns, row: number, kept: Uint8Array): void {
  const { extra } = columns
  const cursor = new ByteCursor(kept)
  columns.side[row] = cursor.varint()
  columns.reason[row] = 0
  columns.flags[row] = cursor.varint() | rowFlags.keyInExtra | rowFlags.spellingInExtra | rowFlags.partInExtra
  const put = (bytes: Uint8Array, start: Int32Array, end: Int32Array) => {
    start[row] = extra.append(bytes)
    end[row] = extra.length
  }
  put(cursor.take(cursor.varint()), columns.keyStart, columns.keyEnd)
  put(cursor.take(cursor.varint()), columns.spellingStart, columns.spellingEnd)
  put(cursor.rest(), columns.partStart, columns.partEnd)
}
