import { murmur2 } from '../../kernel/index.ts'
import type { RowBytes } from '../../state/index.ts'
import { addDigests, type Digest } from '../checkpoint/digest.ts'

const lengthBytes = 4
let scratch = Buffer.alloc(1024)
let reversed = Buffer.alloc(1024)
/** The last digest: there may be millions, and an object for each would be as many. */
let low = 0
let high = 0

/** A digest to add to. */
interface Sum {
  low: number
  high: number
}

/**
 * That of a row of a table, by the bytes of its key as Latin-1. The sum over all rows is the table's: equal tables have
 * equal digests, in whatever order their rows came.
 */
export function rowDigest(key: string, value: Uint8Array): Digest {
  makeRoom(lengthBytes + key.length + value.length)
  scratch.write(key, lengthBytes, 'latin1')
  scratch.set(value, lengthBytes + key.length)
  setDigest(key.length, value.length)
  return [low, high]
}

/** Adds that of a row whose key is named as text, in UTF-8. */
export function addRowDigest(sum: Sum, { bytes, keyStart, keyEnd, valueStart, valueEnd }: RowBytes): void {
  makeRoom(lengthBytes + valueEnd - keyStart)
  let end = lengthBytes
  for (let at = keyStart; at < keyEnd; at++) {
    const byte = bytes[at]!
    // Latin-1 beyond ASCII takes two bytes, the first of which has the two highest bits.
    scratch[end++] = byte < 128 ? byte : ((byte & 3) << 6) | (bytes[++at]! & 63)
  }
  const keyLength = end - lengthBytes
  for (let at = valueStart; at < valueEnd; at++) scratch[end++] = bytes[at]!
  setDigest(keyLength, valueEnd - valueStart)
  sum.low = (sum.low + low) >>> 0
  sum.high = (sum.high + high) >>> 0
}

/** The digest without that of a row. */
export function withoutRow(of: Digest, row: Digest): Digest {
  return addDigests(of, [-row[0] >>> 0, -row[1] >>> 0])
}

/** Finds that of key and value, which are in their place. */
function setDigest(keyLength: number, valueLength: number): void {
  const length = lengthBytes + keyLength + valueLength
  scratch[0] = keyLength
  scratch[1] = keyLength >>> 8
  scratch[2] = keyLength >>> 16
  scratch[3] = keyLength >>> 24
  // The second sum is over the same bytes from the other end, so that what one cannot tell apart the other can.
  for (let at = 0; at < length; at++) reversed[at] = scratch[length - 1 - at]!
  low = murmur2(scratch, 0, length) >>> 0
  high = murmur2(reversed, 0, length) >>> 0
}

function makeRoom(length: number): void {
  if (scratch.length >= length) return
  scratch = Buffer.alloc(2 * length)
  reversed = Buffer.alloc(2 * length)
}
