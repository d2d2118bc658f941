import { assert } from '../core/assert.ts'

/** Offsets in one chunk, which is a bit for each. */
export const chunkOffsets = 4096
export const chunkWords = chunkOffsets / 32

interface Chunk {
  readonly words: Int32Array
  count: number
  /** As of the last settled epoch, kept from the first change on. */
  saved: { readonly words: Int32Array; readonly count: number } | undefined
}

/** Receives the bits of a chunk; they are valid until it returns. */
export type ChunkVisitor = (firstOffset: number, words: Int32Array) => void

/**
 * The offsets of one source partition whose parts wait, as bits in chunks; a chunk without any is absent.
 *
 * Changes belong to one epoch at a time: `settle` makes them permanent, `rollback` takes them back, and until then
 * `changes` says what they are.
 * Cost: 5 ns a change; a bit for each offset between the oldest that waits and the newest.
 */
export class OffsetSet {
  #count = 0
  /** Index of the first entry in `#chunks`: offsets divided by the size of a chunk. */
  #firstIndex = 0
  readonly #chunks: (Chunk | undefined)[] = []
  readonly #changed: number[] = []

  get count(): number {
    return this.#count
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
    const index = indexOf(offset)
    const chunk = this.#chunkToChange(index)
    const bit = offset - index * chunkOffsets
    chunk.words[bit >>> 5]! |= 1 << (bit & 31)
    chunk.count++
    this.#count++
  }

  /** @param offset - In the set. */
  delete(offset: number): void {
    const index = indexOf(offset)
    const chunk = this.#chunkToChange(index)
    const bit = offset - index * chunkOffsets
    chunk.words[bit >>> 5]! &= ~(1 << (bit & 31))
    chunk.count--
    this.#count--
  }

  /** The lowest offset that is `from` or above, or undefined when there is none. */
  firstFrom(from: number): number | undefined {
    const fromIndex = indexOf(from)
    for (let at = Math.max(0, fromIndex - this.#firstIndex); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]
      if (chunk === undefined || chunk.count === 0) continue
      const index = this.#firstIndex + at
      const bit = index === fromIndex ? from - index * chunkOffsets : 0
      for (let word = bit >>> 5, mask = -1 << (bit & 31); word < chunkWords; word++, mask = -1) {
        const bits = chunk.words[word]! & mask
        if (bits !== 0) return index * chunkOffsets + word * 32 + 31 - Math.clz32(bits & -bits)
      }
    }
    return undefined
  }

  /** The offsets that came or went since the last epoch was settled, in ascending order. */
  changes(visit: ChunkVisitor): void {
    const bits = new Int32Array(chunkWords)
    for (const index of this.#changed.sort((a, b) => a - b)) {
      const { words, saved } = this.#chunks[index - this.#firstIndex]!
      for (let word = 0; word < chunkWords; word++) bits[word] = words[word]! ^ saved!.words[word]!
      visit(index * chunkOffsets, bits)
    }
  }

  /** All offsets, in ascending order. */
  members(visit: ChunkVisitor): void {
    this.#chunks.forEach((chunk, at) => {
      if (chunk !== undefined && chunk.count > 0) visit((this.#firstIndex + at) * chunkOffsets, chunk.words)
    })
  }

  /** The changes are permanent. */
  settle(): void {
    for (const index of this.#changed.splice(0)) {
      const chunk = this.#chunks[index - this.#firstIndex]!
      chunk.saved = undefined
      if (chunk.count === 0) this.#chunks[index - this.#firstIndex] = undefined
    }
    const first = this.#chunks.findIndex((chunk) => chunk !== undefined)
    this.#firstIndex += first < 0 ? this.#chunks.length : first
    this.#chunks.splice(0, first < 0 ? this.#chunks.length : first)
  }

  /** The changes have not happened. */
  rollback(): void {
    for (const index of this.#changed.splice(0)) {
      const chunk = this.#chunks[index - this.#firstIndex]!
      const saved = chunk.saved!
      this.#count += saved.count - chunk.count
      this.#chunks[index - this.#firstIndex] =
        saved.count === 0 ? undefined : { words: saved.words, count: saved.count, saved: undefined }
    }
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
      chunk = this.#chunks[at] = { words: new Int32Array(chunkWords), count: 0, saved: undefined }
    }
    if (chunk.saved === undefined) {
      chunk.saved = { words: chunk.words.slice(), count: chunk.count }
      this.#changed.push(index)
    }
    return chunk
  }
}

function indexOf(offset: number): number {
  assert(offset >= 0, 'offsets are not negative')
  return Math.floor(offset / chunkOffsets)
}
