/** What TypeScript reads of a block, whose layout is described in `assembly/block.ts`, and its limits. */
import {
  headerBytes,
  keyBytesLimit,
  keyIsNumber,
  partitionBits,
  partLengthMask,
  partitionMask,
  remembered,
  respelled,
  sidesMax,
  tailHeadBytes,
  timestampHighBits,
  unitBits,
} from './constants/block.ts'

/** Blocks begin and end at multiples of this, and their addresses count in it. */
export const unitBytes = 1 << unitBits
export const unitWords = unitBytes / 4
const headerWords = headerBytes / 4

/** Source partitions of one topology. */
export const partitionsMax = 1 << partitionBits
/** Offsets have 43 bits: a partition that takes a million records a second reaches that in 279 years. */
export const offsetMax = 2 ** 43 - 1
/**
 * Timestamps have 53 bits, and are counted for this where they are beyond: nanoseconds in place of milliseconds, for
 * instance.
 */
export const timestampMax = 2 ** 52 - 2

/** Address of the row's next block; 0 after the last. */
export function nextOf(words: Int32Array, word: number): number {
  return words[word + 1]!
}

export function sideOf(words: Int32Array, word: number): number {
  return (words[word + 4]! >>> partitionBits) & (sidesMax - 1)
}

export function partitionOf(words: Int32Array, word: number): number {
  return words[word + 4]! & partitionMask
}

export function offsetOf(words: Int32Array, word: number): number {
  return (words[word + 6]! >>> timestampHighBits) * 4294967296 + (words[word + 5]! >>> 0)
}

export function timestampOf(words: Int32Array, word: number): number {
  const high = (words[word + 6]! << (32 - timestampHighBits)) >> (32 - timestampHighBits)
  return high * 4294967296 + (words[word + 7]! >>> 0)
}

/** The bytes of the part. */
export function partBytes(words: Int32Array, word: number): Uint8Array {
  return new Uint8Array(words.buffer, partStart(words, word), words[word + 3]! & partLengthMask)
}

function partStart(words: Int32Array, word: number): number {
  const start = afterKey(words, word)
  return (words[word + 4]! & respelled) === 0 ? start : start + 4 + padded(words[start / 4]!)
}

/** The headers that the part carries, their count in front; undefined where it carries none. */
export function carriedBytes(words: Int32Array, word: number): Uint8Array | undefined {
  // The highest bit says that there is a tail.
  if (words[word + 3]! >= 0) return undefined
  const tail = partStart(words, word) + padded(words[word + 3]! & partLengthMask)
  const carriedLength = words[tail / 4 + 1]!
  return carriedLength === 0 ? undefined : new Uint8Array(words.buffer, tail + tailHeadBytes, carriedLength)
}

/** The canonical key, which the head of a row has. */
export function keyBytes(words: Int32Array, word: number): Uint8Array {
  return new Uint8Array(words.buffer, (word + headerWords) * 4, words[word + 2]! & keyBytesLimit)
}

export function isKeyNumber(words: Int32Array, word: number): boolean {
  return (words[word + 4]! & keyIsNumber) !== 0
}

/** Whether the block is no part, but a completed key that is remembered. */
export function isRemembered(words: Int32Array, word: number): boolean {
  return (words[word + 4]! & remembered) !== 0
}

/** The key as the record of this part spelled it, where that is not the canonical spelling. */
export function spellingBytes(words: Int32Array, word: number): Uint8Array | undefined {
  if ((words[word + 4]! & respelled) === 0) return undefined
  const start = afterKey(words, word)
  return new Uint8Array(words.buffer, start + 4, words[start / 4])
}

function afterKey(words: Int32Array, word: number): number {
  return (word + headerWords) * 4 + padded(words[word + 2]! & keyBytesLimit)
}

function padded(length: number): number {
  return (length + 3) & ~3
}
