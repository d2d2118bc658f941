/**
 * What one epoch changed in the pending table, in order. Four words an entry:
 * a part that came in: (hash, partition, offset low, offset high), named by where it came from, because blocks may move;
 * a row that left the index: (hash, address of its head, 0, `leftMark`), which keeps its place until the epoch has ended.
 */
export const leftMark = -1

export const undoEntryWords = 4

export class UndoLog {
  words = new Int32Array(1 << 14)
  /** Words in use. */
  length = 0

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

  clear(): void {
    this.length = 0
    // A burst must not hold its memory for ever.
    if (this.words.length > 1 << 22) this.words = new Int32Array(1 << 14)
  }

  #room(): number {
    const at = this.length
    if (at === this.words.length) {
      const grown = new Int32Array(at * 2)
      grown.set(this.words)
      this.words = grown
    }
    this.length = at + undoEntryWords
    return at
  }
}
