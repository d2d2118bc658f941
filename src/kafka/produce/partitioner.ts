import { murmur2 } from '../../kernel/index.ts'

/**
 * The partition that the Java producer would choose for a key.
 *
 * @param start - Where the key lies in the bytes.
 */
export function partitionForKey(bytes: Uint8Array, partitionCount: number, start?: number, end?: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitionCount
}
