const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/**
 * The hash by which Kafka's Java producer picks a partition. The kernel has it in WebAssembly for merged records
 * (`assembly/merge`); this is for keys that do not lie in its memory.
 *
 * @see org.apache.kafka.common.utils.Utils.murmur2
 */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const wholeLength = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < wholeLength; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    const mixed = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier)
  }
  if (wholeLength < length) {
    for (let at = length - 1; at >= wholeLength; at--) hash ^= bytes[at]! << ((at & 3) * 8)
    hash = Math.imul(hash, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}
