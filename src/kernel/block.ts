/** What TypeScript reads of a block, whose layout is described in `assembly/block.ts`, and its limits. */

/** Blocks begin and end at multiples of this, and their addresses count in it. */
export const unitBytes = 16

/** Sides per row. */
export const sidesMax = 16
/** Bytes of a canonical key. */
export const keyBytesLimit = 0xffff
/** Source partitions of one topology. */
export const partitionsMax = 1 << 20
/** Offsets have 43 bits: a partition that takes a million records a second reaches that in 279 years. */
export const offsetMax = 2 ** 43 - 1

export function sideOf(words: Int32Array, word: number): number {
  return (words[word + 4]! >>> 20) & 15
}

export function partitionOf(words: Int32Array, word: number): number {
  return words[word + 4]! & (partitionsMax - 1)
}

export function offsetOf(words: Int32Array, word: number): number {
  return (words[word + 6]! >>> 21) * 4294967296 + (words[word + 5]! >>> 0)
}
