import { assert } from '../core/assert.ts'

/** Offsets in one chunk, which is a bit for each. */
export const chunkOffsets = 4096
export const chunkWords = chunkOffsets / 32

interface Chunk {
  readonly words: Int32Array
  /** Bits that differ from those of the last settled epoch; means nothing while the chunk is not among the changed. */
  readonly changes: Int32Array
  isChanged: boolean
}

/** Receives the bits of a chunk; they are valid until it returns. */
export type ChunkVisitor = (firstOffset: number, words: Int32Array) => void

/**
 * The offsets of one source partition whose parts are pending, as bits in chunks; a chunk without any is absent.
 *
 * Changes belong to one epoch at a time: `settle` makes them permanent, `rollback` takes them back, and until then
 * `changes` says what they are.
 * Cost: two bits for each offset between the oldest pending one and the newest.
 */
export class OffsetSet {
  #count = 0
  #settledCount = 0
  /** Index of the first entry in `#chunks`: offsets divided by the size of a chunk. */
  #firstIndex = 0
  readonly #chunks: (Chunk | undefined)[] = []
  readonly #changed: number[] = []

  get count(): number {
    return this.#count
  }

  /** As of the last settled epoch. */
  get settledCount(): number {
    return this.#settledCount
  }

  has(offset: number): boolean {
    const index = indexOf(offset)
    const chunk = this.#chunks[index - this.#firstIndex]
    if (chunk === undefined) return false
    const bit = offset - index * chunkOffsets
    return ((chunk.words[bit >>> 5]! >>> (bit & 31)) & 1) === 1
  }

  /** @param offset - Not in the set. */
  add(offset: number): void {
    this.#turnOver(offset)
    this.#count++
  }

  /** @param offset - In the set. */
  delete(offset: number): void {
    this.#turnOver(offset)
    this.#count--
  }

  /**
   * Adds those of a chunk's offsets whose bits are set, or deletes them if they are in the set.
   *
   * @param index - Number of the chunk.
   * @param added - By how many the set grows.
   */
  turnOver(index: number, bits: Int32Array, added: number): void {
    const { words, changes } = this.#chunkToChange(index)
    for (let word = 0; word < chunkWords; word++) {
      words[word]! ^= bits[word]!
      changes[word]! ^= bits[word]!
    }
    this.#count += added
    assert(this.#count >= 0, 'an offset leaves the set after it came')
  }

  /** The lowest offset that is `from` or above, or undefined when there is none. */
  firstFrom(from: number): number | undefined {
    const fromIndex = indexOf(from)
    for (let at = Math.max(0, fromIndex - this.#firstIndex); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]
      if (chunk === undefined) continue
      const index = this.#firstIndex + at
      const bit = index === fromIndex ? from - index * chunkOffsets : 0
      for (let word = bit >>> 5, mask = -1 << (bit & 31); word < chunkWords; word++, mask = -1) {
        const bits = chunk.words[word]! & mask
        if (bits !== 0) return index * chunkOffsets + word * 32 + 31 - Math.clz32(bits & -bits)
      }
    }
    return undefined
  }

  /** Visits the offsets below `end`, in ascending order. */
  forEach(visit: (offset: number) => void, end = Infinity): void {
    for (let offset = this.firstFrom(0); offset !== undefined && offset < end; offset = this.firstFrom(offset + 1)) {
      visit(offset)
    }
  }

  /** The offsets that came or went since the last epoch was settled, in ascending order. */
  changes(visit: ChunkVisitor): void {
    for (const index of this.#changed.sort((a, b) => a - b)) {
      visit(index * chunkOffsets, this.#chunks[index - this.#firstIndex]!.changes)
    }
  }

  /** All offsets, in ascending order. */
  members(visit: ChunkVisitor): void {
    this.#chunks.forEach((chunk, at) => {
      if (chunk !== undefined) visit((this.#firstIndex + at) * chunkOffsets, chunk.words)
    })
  }

  /** The changes are permanent. */
  settle(): void {
    this.#settledCount = this.#count
    this.#forgetChanges()
  }

  /** The changes have not happened. */
  rollback(): void {
    for (const index of this.#changed) {
      const { words, changes } = this.#chunks[index - this.#firstIndex]!
      for (let word = 0; word < chunkWords; word++) words[word]! ^= changes[word]!
    }
    this.#count = this.#settledCount
    this.#forgetChanges()
  }

  #forgetChanges(): void {
    for (const index of this.#changed.splice(0)) {
      const chunk = this.#chunks[index - this.#firstIndex]!
      chunk.isChanged = false
      if (isEmpty(chunk)) this.#chunks[index - this.#firstIndex] = undefined
    }
    const first = this.#chunks.findIndex((chunk) => chunk !== undefined)
    this.#firstIndex += first < 0 ? this.#chunks.length : first
    this.#chunks.splice(0, first < 0 ? this.#chunks.length : first)
  }

  #turnOver(offset: number): void {
    const index = indexOf(offset)
    const { words, changes } = this.#chunkToChange(index)
    const bit = offset - index * chunkOffsets
    words[bit >>> 5]! ^= 1 << (bit & 31)
    changes[bit >>> 5]! ^= 1 << (bit & 31)
  }

  #chunkToChange(index: number): Chunk {
    let at = index - this.#firstIndex
    if (this.#chunks.length === 0) {
      this.#firstIndex = index
      at = 0
    }
    for (; at < 0; at++) {
      this.#chunks.unshift(undefined)
      this.#firstIndex--
    }
    let chunk = this.#chunks[at]
    if (chunk === undefined) {
      while (this.#chunks.length <= at) this.#chunks.push(undefined)
      chunk = { words: new Int32Array(chunkWords), changes: new Int32Array(chunkWords), isChanged: false }
      this.#chunks[at] = chunk
    }
    if (!chunk.isChanged) {
      chunk.changes.fill(0)
      chunk.isChanged = true
      this.#changed.push(index)
    }
    return chunk
  }
}

function isEmpty({ words }: Chunk): boolean {
  for (const bits of words) if (bits !== 0) return false
  return true
}

function indexOf(offset: number): number {
  assert(offset >= 0, 'offsets are not negative')
  return Math.floor(offset / chunkOffsets)
}
