/**
 * Layout of one pending part in the arena, in 32-bit words. The first part of a row is its head and carries the key;
 * further parts hang behind it.
 *
 * | word | content |
 * |---|---|
 * | 0 | hash of the key, never 0 |
 * | 1 | address of the next part of the row, 0 at the end |
 * | 2 | head: sides present as a bit set << 16, length of the key in bytes; else 0 |
 * | 3 | length of the part in bytes |
 * | 4 | flags << 24, side << 20, source partition |
 * | 5 | offset, low 32 bits |
 * | 6 | offset, next 11 bits << 21; timestamp, high 21 bits |
 * | 7 | timestamp, low 32 bits |
 *
 * Behind it: the key (head), padded with zeros to whole words; the spelling (if the key was respelled), its length in
 * one word and then its bytes; the part.
 */
export const blockHeaderWords = 8

export const blockFlags = {
  keyIsNumber: 1 << 24,
  /** The record wrote its key otherwise than canonically, and the block keeps that spelling. */
  respelled: 2 << 24,
} as const

/** Sides per row. */
export const sidesMax = 16
/** Bytes of a canonical key. */
export const keyBytesLimit = 0xffff
/** Source partitions of one topology. */
export const partitionsMax = 1 << 20
/** Offsets have 43 bits: a partition that takes a million records a second reaches that in 279 years. */
export const offsetMax = 2 ** 43 - 1
/** Timestamps have 53 bits with their sign, so that those in microseconds fit too. */
const timestampHighMask = 0x1fffff

export function sideOf(words: Int32Array, word: number): number {
  return (words[word + 4]! >>> 20) & 15
}

export function partitionOf(words: Int32Array, word: number): number {
  return words[word + 4]! & (partitionsMax - 1)
}

export function offsetOf(words: Int32Array, word: number): number {
  return (words[word + 6]! >>> 21) * 4294967296 + (words[word + 5]! >>> 0)
}

export function timestampOf(words: Int32Array, word: number): number {
  // The high half keeps its sign: a record without a timestamp has -1.
  return ((words[word + 6]! << 11) >> 11) * 4294967296 + (words[word + 7]! >>> 0)
}

/** The word that offset and timestamp share. */
export function highWord(offset: number, timestamp: number): number {
  return (Math.floor(offset / 4294967296) << 21) | (Math.floor(timestamp / 4294967296) & timestampHighMask)
}

export function keyLengthOf(words: Int32Array, word: number): number {
  return words[word + 2]! & 0xffff
}

/** Index of the word behind the key: the spelling's length where there is one, else the part. */
export function behindKey(words: Int32Array, word: number): number {
  return word + blockHeaderWords + ((keyLengthOf(words, word) + 3) >>> 2)
}

/** Index of the first word of the part. */
export function partWordOf(words: Int32Array, word: number): number {
  const at = behindKey(words, word)
  return (words[word + 4]! & blockFlags.respelled) === 0 ? at : at + 1 + ((words[at]! + 3) >>> 2)
}

/** Size of a block in units of 16 bytes. */
export function unitsFor(keyLength: number, spellingLength: number, partLength: number): number {
  const spellingWords = spellingLength === 0 ? 0 : 1 + ((spellingLength + 3) >>> 2)
  return (blockHeaderWords + ((keyLength + 3) >>> 2) + spellingWords + ((partLength + 3) >>> 2) + 3) >>> 2
}

/** Size in units of the block that begins at `word`. */
export function unitsOf(words: Int32Array, word: number): number {
  return (partWordOf(words, word) - word + ((words[word + 3]! + 3) >>> 2) + 3) >>> 2
}

export function isHead(words: Int32Array, word: number): boolean {
  return words[word + 2]! >>> 16 !== 0
}

/** Writes the header of a block that holds nothing. */
export function markUnused(words: Int32Array, word: number, units: number): void {
  words[word] = 0
  words[word + 2] = 0
  words[word + 3] = Math.max(0, units - blockHeaderWords / 4) * 16
  words[word + 4] = 0
}
