import { murmur2 } from '../../kernel/index.ts'
import { addDigests, type Digest } from '../checkpoint/digest.ts'

const lengthBytes = 4
let scratch = Buffer.alloc(1024)

/**
 * That of a row of a table, by the bytes of its key as Latin-1. The sum over all rows is the table's: equal tables have
 * equal digests, in whatever order their rows came.
 */
export function rowDigest(key: string, value: Uint8Array): Digest {
  const length = lengthBytes + key.length + value.length
  if (scratch.length < length) scratch = Buffer.alloc(2 * length)
  scratch.writeUInt32LE(key.length)
  scratch.write(key, lengthBytes, 'latin1')
  scratch.set(value, lengthBytes + key.length)
  const low = murmur2(scratch, 0, length) >>> 0
  // The second sum is over the same bytes from the other end, so that what one cannot tell apart the other can.
  scratch.subarray(0, length).reverse()
  return [low, murmur2(scratch, 0, length) >>> 0]
}

/** The digest without that of a row. */
export function withoutRow(of: Digest, [low, high]: Digest): Digest {
  return addDigests(of, [-low >>> 0, -high >>> 0])
}
