import { partitionsMax, unitBytes } from './block.ts'
import type { TableMachine } from './table-machine.ts'

/** Words of the entries, and of a page and its header: see `assembly/log.ts`, which writes what is read here. */
export const undoWords = 4
export const departedWords = 8
export const pageWords = 1 << 15
export const headerWords = 8
const unitWords = unitBytes / 4
const entriesPerPage = pageWords / undoWords
/** In the fourth word of an entry: not a part that came in, but a row that left. */
export const rowLeft = -1
/** Side and source partition share a word as they do in a block. */
const sideShift = 20

/** Parts as columns: where each came from, its side, and the hash of its key. */
export class PartColumns {
  count = 0
  readonly partition = new Int32Array(entriesPerPage)
  readonly offset = new Float64Array(entriesPerPage)
  readonly side = new Uint8Array(entriesPerPage)
  readonly hash = new Int32Array(entriesPerPage)

  /** Adds the part of which three words at `at` say where it came from. */
  add(words: Int32Array, at: number, hash: number): void {
    const row = this.count++
    const place = words[at]!
    this.partition[row] = place & (partitionsMax - 1)
    this.side[row] = place >>> sideShift
    this.offset[row] = words[at + 2]! * 4294967296 + (words[at + 1]! >>> 0)
    this.hash[row] = hash
  }
}

/** How a row left, as `assembly/log.ts` has it. */
export const Departure = { merged: 0, refused: 1, expired: 2 } as const

/** What one epoch changed in the pending table: valid until the table changes. */
export class UndoLog {
  readonly #machine: TableMachine
  /** Addresses behind the last entries; 0 where there are none. */
  readonly undoEnd: number
  readonly departedEnd: number

  constructor(machine: TableMachine, undoEnd: number, departedEnd: number) {
    this.#machine = machine
    this.undoEnd = undoEnd >>> 0
    this.departedEnd = departedEnd >>> 0
  }

  /** Every part that came in and was kept, those included that have left again, a page of them at a time. */
  arrivals(visit: (parts: PartColumns) => void): void {
    const { words } = this.#machine
    forEachPage(words, this.undoEnd, 0, (from, to) => {
      parts.count = 0
      for (let at = from; at < to; at += undoWords) {
        if (words[at + 3] !== rowLeft) parts.add(words, at + 1, words[at]!)
      }
      visit(parts)
    })
  }

  /** Every kept part that has left, a page of them at a time. */
  departures(visit: (parts: PartColumns) => void): void {
    const { words } = this.#machine
    forEachPage(words, this.departedEnd, 0, (from, to) => {
      parts.count = 0
      for (let at = from; at < to; at += departedWords) parts.add(words, at + 3, words[at + 2]!)
      visit(parts)
    })
  }

  /** Where the rows that have left merged begin, as words, in the order in which they did. */
  mergedHeads(): number[] {
    const { words } = this.#machine
    const pages: number[][] = []
    forEachPage(words, this.undoEnd, 0, (from, to) => {
      const heads: number[] = []
      for (let at = from; at < to; at += undoWords) {
        if (words[at + 3] === rowLeft && words[at + 2] === Departure.merged) heads.push(words[at + 1]! * unitWords)
      }
      pages.push(heads)
    })
    return pages.reverse().flat()
  }

  /**
   * Counts the parts that have left since the log ended at `departedEnd` by their source partitions, in the counters, by
   * `Departure`, of how their rows have left. Returns how many have left merged.
   */
  countDepartures(departedEnd: number, counters: readonly Float64Array[]): number {
    const { words } = this.#machine
    let mergedCount = 0
    forEachPage(words, this.departedEnd, departedEnd, (from, to) => {
      for (let at = from; at < to; at += departedWords) {
        const how = words[at + 6]!
        counters[how]![words[at + 3]! & (partitionsMax - 1)]!++
        if (how === Departure.merged) mergedCount++
      }
    })
    return mergedCount
  }
}

/** Reused: what a page gives is valid until the next one. */
const parts = new PartColumns()

/**
 * Visits the words of the entries from `start` on, an end that the chain had before, page by page, the last page first.
 * `start` and `end` are addresses.
 */
function forEachPage(words: Int32Array, end: number, start: number, visit: (from: number, to: number) => void): void {
  for (let behind = end; behind !== start;) {
    const page = pageWords * Math.floor((behind / 4 - 1) / pageWords)
    const isLast = page * 4 < start && start < behind
    visit(isLast ? start / 4 : page + headerWords, behind / 4)
    if (isLast) return
    behind = words[page]! >>> 0
  }
}
