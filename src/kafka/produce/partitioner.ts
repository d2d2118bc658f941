import { murmur2 } from '../../kernel/index.ts'

/** The partition that Java's default partitioner chooses for a key. The kernel has its own for merged records. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
