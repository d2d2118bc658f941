import { partitionsMax } from './block.ts'

/**
 * What one epoch changed in the pending table, in order. Four words an entry:
 * a part that came in: (hash, side and partition, offset low, offset high), named by where it came from, because blocks
 * may move; a row that left the index: (hash, address of its head, 0, `leftMark`); its blocks stay until the epoch has
 * ended.
 */
export const leftMark = -1
export const undoEntryWords = 4
/** A block of a row that left: (address, units, hash, side and partition, offset low, offset high). */
export const departedEntryWords = 6

/** Side and source partition share a word as they do in a block. */
const sideShift = 20

/** Told of one part: where it came from, its side, and the hash of its key. */
export type PartVisitor = (partition: number, offset: number, side: number, hash: number) => void

export class UndoLog {
  words = new Int32Array(1 << 14)
  /** Words in use. */
  length = 0
  /** Blocks of the rows that left: to be freed when the epoch commits. */
  departed = new Int32Array(departedEntryWords << 10)
  departedLength = 0

  noteArrival(hash: number, partition: number, side: number, offset: number): void {
    const at = this.#room()
    const words = this.words
    words[at] = hash
    words[at + 1] = (side << sideShift) | partition
    words[at + 2] = offset | 0
    words[at + 3] = (offset / 4294967296) | 0
  }

  noteDeparture(hash: number, head: number): void {
    const at = this.#room()
    const words = this.words
    words[at] = hash
    words[at + 1] = head
    words[at + 2] = 0
    words[at + 3] = leftMark
  }

  noteDepartedBlock(
    address: number,
    units: number,
    hash: number,
    partition: number,
    side: number,
    offset: number,
  ): void {
    const at = this.departedLength
    if (at + departedEntryWords > this.departed.length) this.departed = doubled(this.departed)
    const departed = this.departed
    departed[at] = address
    departed[at + 1] = units
    departed[at + 2] = hash
    departed[at + 3] = (side << sideShift) | partition
    departed[at + 4] = offset | 0
    departed[at + 5] = (offset / 4294967296) | 0
    this.departedLength = at + departedEntryWords
  }

  /** Every part that came in and was kept, those included that have left again. */
  forEachArrival(visit: PartVisitor): void {
    const { words, length } = this
    for (let at = 0; at < length; at += undoEntryWords) {
      if (words[at + 3] !== leftMark) visitPart(visit, words, at + 1, words[at]!)
    }
  }

  /** Every kept part that has left. */
  forEachDeparture(visit: PartVisitor): void {
    const { departed, departedLength } = this
    for (let at = 0; at < departedLength; at += departedEntryWords)
      visitPart(visit, departed, at + 3, departed[at + 2]!)
  }

  clear(): void {
    this.length = 0
    this.departedLength = 0
    // A burst must not hold its memory for ever.
    if (this.words.length > keptWordsMax) this.words = new Int32Array(1 << 14)
    if (this.departed.length > keptWordsMax) this.departed = new Int32Array(departedEntryWords << 10)
  }

  #room(): number {
    const at = this.length
    if (at === this.words.length) this.words = doubled(this.words)
    this.length = at + undoEntryWords
    return at
  }
}

/** Three words that say where a part came from begin at `at`. */
function visitPart(visit: PartVisitor, words: Int32Array, at: number, hash: number): void {
  const place = words[at]!
  visit(place & (partitionsMax - 1), offsetOfWords(words, at + 1), place >>> sideShift, hash)
}

/** An offset in two words. */
export function offsetOfWords(words: Int32Array, at: number): number {
  return words[at + 1]! * 4294967296 + (words[at]! >>> 0)
}

const keptWordsMax = 1 << 22

function doubled(words: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(words.length * 2)
  grown.set(words)
  return grown
}
