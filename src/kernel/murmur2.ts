/**
 * The hash by which Kafka's Java producer picks a partition, so that a merged record lies where any Java client would
 * have put its key. Reads up to three bytes behind `end`.
 *
 * @see org.apache.kafka.common.utils.Utils.murmur2
 */
export function murmur2(view: DataView, start: number, end: number): number {
  const length = end - start
  let h = 0x9747b28c ^ length
  const whole = start + (length & ~3)
  for (let i = start; i < whole; i += 4) {
    let k = Math.imul(view.getInt32(i, true), 0x5bd1e995)
    k ^= k >>> 24
    h = Math.imul(h, 0x5bd1e995) ^ Math.imul(k, 0x5bd1e995)
  }
  const rest = length & 3
  if (rest !== 0) h = Math.imul(h ^ (view.getInt32(whole, true) & (0xffffff >>> ((3 - rest) << 3))), 0x5bd1e995)
  h ^= h >>> 13
  h = Math.imul(h, 0x5bd1e995)
  return h ^ (h >>> 15)
}

/** The partition Java's default partitioner chooses for a key. */
export function partitionForKey(view: DataView, start: number, end: number, partitionCount: number): number {
  return (murmur2(view, start, end) & 0x7fffffff) % partitionCount
}
