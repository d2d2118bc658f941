import { offsetOf, partitionOf, sideOf, timestampOf } from '../block.ts'
import { ColdSegment, entryBytes, originOfEntry } from './cold-segment.ts'

/** By the highest byte of a hash, so that growing copies one segment only. */
const segmentCount = 256
const segmentShift = 24

/** Where a part is, and when it came, by its time. */
export type ColdVisit = (partition: number, offset: number, timestamp: number, side: number) => void

/**
 * Where the parts of rows are that are not in the table: by a keyed hash of 64 bits of their merge key, because the key
 * itself is not kept. Of two keys with one hash nothing tells which of them a part is of.
 *
 * State: 24 bytes for a part, outside the JavaScript heap: the hash, and the words in which a block of the table says
 * where and when its part came from. Invariant: the entries of a segment can be reached from their home without passing
 * a free place. Cost per part: 28 to 35 bytes, because segments grow by a quarter.
 */
export class ColdIndex {
  readonly #segments = Array.from({ length: segmentCount }, () => new ColdSegment())
  #rowCount = 0
  #partCount = 0

  /** Rows, told apart by their hashes. */
  get rowCount(): number {
    return this.#rowCount
  }

  get partCount(): number {
    return this.#partCount
  }

  /** Bytes that it takes, free places included. */
  get bytes(): number {
    return this.#segments.reduce((sum, { capacity }) => sum + capacity * entryBytes, 0)
  }

  /** Adds a part of a row. @param origin - Where in `words` the four words begin that say where it came from. */
  add(low: number, high: number, words: Int32Array, origin: number): void {
    const segment = this.#segmentOf(high)
    if (segment.find(low, high) < 0) this.#rowCount++
    segment.add(low, high, words, origin)
    this.#partCount++
  }

  has(low: number, high: number): boolean {
    return this.#partCount > 0 && this.#segmentOf(high).find(low, high) >= 0
  }

  /** Visits the parts of a row. @returns How many they are. */
  partsOf(low: number, high: number, visit: ColdVisit): number {
    const segment = this.#segmentOf(high)
    let count = 0
    for (let entry = segment.find(low, high); entry >= 0; entry = segment.findAfter(entry)) {
      visitPart(segment.words, entry, visit)
      count++
    }
    return count
  }

  /** Removes the parts of a row. @returns How many they were. */
  delete(low: number, high: number): number {
    const segment = this.#segmentOf(high)
    let count = 0
    for (let entry = segment.find(low, high); entry >= 0; entry = segment.find(low, high), count++) {
      segment.delete(entry)
    }
    segment.shrink()
    if (count > 0) this.#rowCount--
    this.#partCount -= count
    return count
  }

  clear(): void {
    for (const segment of this.#segments) segment.clear()
    this.#rowCount = 0
    this.#partCount = 0
  }

  /** Visits the hashes of rows of which a part is of `limitMs` or before, once for each such part, `max` times at most. */
  olderThan(limitMs: number, max: number, visit: (low: number, high: number) => void): void {
    let left = max
    for (const { words, capacity } of this.#segments) {
      for (let entry = 0; entry < capacity && left > 0; entry++) {
        const at = entry * (entryBytes / 4)
        if (words[at] === 0 || timestampOf(words, at + originOfEntry) > limitMs) continue
        visit(words[at]! >>> 0, words[at + 1]! >>> 0)
        left--
      }
    }
  }

  /** Visits the rows in one of the `pieces` of the index: the sides that each has, as bits, and its oldest timestamp. */
  survey(piece: number, visit: (sides: number, oldestMs: number) => void): void {
    const { words, capacity } = this.#segments[piece]!
    const rows = new Map<bigint, { sides: number; oldestMs: number }>()
    for (let entry = 0; entry < capacity; entry++) {
      const at = entry * (entryBytes / 4)
      if (words[at] === 0) continue
      const hash = (BigInt(words[at + 1]! >>> 0) << 32n) | BigInt(words[at]! >>> 0)
      const row = rows.get(hash) ?? { sides: 0, oldestMs: Infinity }
      row.sides |= 1 << sideOf(words, at + originOfEntry)
      row.oldestMs = Math.min(row.oldestMs, timestampOf(words, at + originOfEntry))
      rows.set(hash, row)
    }
    for (const { sides, oldestMs } of rows.values()) visit(sides, oldestMs)
  }

  readonly pieces = segmentCount

  #segmentOf(high: number): ColdSegment {
    return this.#segments[high >>> segmentShift]!
  }
}

function visitPart(words: Int32Array, entry: number, visit: ColdVisit): void {
  const block = entry * (entryBytes / 4) + originOfEntry
  visit(partitionOf(words, block), offsetOf(words, block), timestampOf(words, block), sideOf(words, block))
}
