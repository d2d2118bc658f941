/**
 * What one epoch changed in the pending table, in order. Four words an entry:
 * a part that came in: (hash, partition, offset low, offset high), named by where it came from, because blocks may move;
 * a row that left the index: (hash, address of its head, 0, `leftMark`); its blocks stay until the epoch has ended.
 */
export const leftMark = -1
export const undoEntryWords = 4

export class UndoLog {
  words = new Int32Array(1 << 14)
  /** Words in use. */
  length = 0
  /** Blocks of the rows that left, as pairs of address and units: to be freed when the epoch commits. */
  departed = new Int32Array(1 << 12)
  departedLength = 0

  noteArrival(hash: number, partition: number, offset: number): void {
    const at = this.#room()
    const words = this.words
    words[at] = hash
    words[at + 1] = partition
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

  noteDepartedBlock(address: number, units: number): void {
    if (this.departedLength === this.departed.length) this.departed = doubled(this.departed)
    this.departed[this.departedLength] = address
    this.departed[this.departedLength + 1] = units
    this.departedLength += 2
  }

  clear(): void {
    this.length = 0
    this.departedLength = 0
    // A burst must not hold its memory for ever.
    if (this.words.length > keptWordsMax) this.words = new Int32Array(1 << 14)
    if (this.departed.length > keptWordsMax) this.departed = new Int32Array(1 << 12)
  }

  #room(): number {
    const at = this.length
    if (at === this.words.length) this.words = doubled(this.words)
    this.length = at + undoEntryWords
    return at
  }
}

const keptWordsMax = 1 << 22

function doubled(words: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(words.length * 2)
  grown.set(words)
  return grown
}
