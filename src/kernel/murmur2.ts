const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/**
 * The hash by which Kafka's Java producer picks a partition. The kernel has it in WebAssembly for merged records
 * (`assembly/merge`); this is for keys that do not lie in its memory.
 *
 * @see org.apache.kafka.common.utils.Utils.murmur2
 *
 * @param start - Where the key lies in the bytes.
 */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start
  const wholeEnd = start + (length & ~3)
  let hash = seed ^ length
  for (let at = start; at < wholeEnd; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    const mixed = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier)
  }
  if (wholeEnd < end) {
    for (let at = end - 1; at >= wholeEnd; at--) hash ^= bytes[at]! << ((at - wholeEnd) * 8)
    hash = Math.imul(hash, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}
