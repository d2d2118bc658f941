import type { Random } from '../core/random.ts'

/** A new id of 16 bytes, spelt in base64url as Kafka prints them. */
export function newUuid(random: Random): string {
  const bytes = Buffer.alloc(16)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(random.nextUint32(), at)
  return bytes.toString('base64url')
}
