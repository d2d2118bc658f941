import { murmur2 } from '@platformatic/kafka'

/** The partition that Java's default partitioner chooses for a key. The kernel has its own for merged records. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitionCount
}
