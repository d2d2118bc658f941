import { ByteCursor } from './byte-cursor.ts'
import { GrowableBytes } from './growable-bytes.ts'
import { varintLength, writeVarint } from './output-batch.ts'
import type { ComparedKey } from './table-counts.ts'

/** Keys in a row as bytes, which can be read by themselves. */
export interface KeyPiece {
  readonly count: number
  readonly bytes: Uint8Array
}

/**
 * Keys in their order as bytes: before each a varint of twice its length, one more for a number.
 *
 * @param pieceBytes - What a piece may have before it takes another key; it is cut when it has more.
 */
export function* encodeKeys(keys: Iterable<ComparedKey>, pieceBytes: number): Generator<KeyPiece> {
  const piece = new GrowableBytes(1_024)
  let count = 0
  for (const { bytes, isNumber } of keys) {
    const head = 2 * bytes.length + Number(isNumber)
    piece.reserve(varintLength(head) + bytes.length)
    piece.length = writeVarint(piece.bytes, piece.length, head)
    piece.append(bytes)
    count++
    if (piece.length < pieceBytes) continue
    yield { count, bytes: piece.bytes.slice(0, piece.length) }
    piece.clear()
    count = 0
  }
  if (count > 0) yield { count, bytes: piece.bytes.slice(0, piece.length) }
}

/**
 * Gives the keys of a piece in their order, and returns how many; their bytes lie in those of the piece.
 *
 * @throws RangeError where the bytes are none of `encodeKeys`.
 */
export function decodeKeys(bytes: Uint8Array, visit: (key: ComparedKey, index: number) => void): number {
  const cursor = new ByteCursor(bytes)
  let count = 0
  while (!cursor.isAtEnd) {
    const head = cursor.varint()
    const isNumber = head % 2 === 1
    visit({ bytes: cursor.take((head - Number(isNumber)) / 2), isNumber }, count++)
  }
  return count
}
