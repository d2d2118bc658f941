import { murmur2 } from '../../kernel/index.ts'
import { addDigests, type Digest } from '../checkpoint/digest.ts'

const lengthBytes = 4

/**
 * That of a row of a table. The sum over all rows is the table's: equal tables have equal digests, in whatever order
 * their rows came.
 */
export function rowDigest(key: Uint8Array, value: Uint8Array): Digest {
  const bytes = Buffer.allocUnsafe(lengthBytes + key.length + value.length)
  bytes.writeUInt32LE(key.length)
  bytes.set(key, lengthBytes)
  bytes.set(value, lengthBytes + key.length)
  const low = murmur2(bytes)
  // The second sum is over the same bytes from the other end, so that what one cannot tell apart the other can.
  return [low >>> 0, murmur2(bytes.reverse()) >>> 0]
}

/** The digest without that of a row. */
export function withoutRow(of: Digest, [low, high]: Digest): Digest {
  return addDigests(of, [-low >>> 0, -high >>> 0])
}
