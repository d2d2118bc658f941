import { unitWords } from './block.ts'
import { partitionMask } from './constants/block.ts'
import {
  departedBytes,
  EXPIRED,
  FILTERED,
  LEFT,
  MERGED,
  pageHeaderBytes,
  REFUSED,
  SUPERSEDED,
  undoBytes,
} from './constants/log.ts'
import { pageBits } from './constants/segments.ts'
import type { TableMachine } from './table-machine.ts'

/** Words of the entries, and of a page and its header: see `assembly/log.ts`, which writes what is read here. */
const undoWords = undoBytes / 4
const departedWords = departedBytes / 4
const headerWords = pageHeaderBytes / 4
export const pageWords = 1 << (pageBits - 2)

/** Counters by source partition of the parts that leave, each way of a row to leave with one of its own. */
export interface DepartureCounts {
  readonly emitted: Float64Array
  readonly deadLettered: Float64Array
  readonly expired: Float64Array
  readonly filtered: Float64Array
  readonly superseded: Float64Array
}

/** Parts that have left with merged records: published, or left out. */
export interface Departed {
  readonly mergedCount: number
  readonly filteredCount: number
}

/** What one epoch changed in the pending table: valid until the table changes. */
export class UndoLog {
  readonly #machine: TableMachine
  /** Addresses after the last entries; 0 where there are none. */
  readonly undoEnd: number
  readonly departedEnd: number
  /** The same of the copies of blocks. */
  readonly copiesEnd: number

  constructor(machine: TableMachine, undoEnd: number, departedEnd: number, copiesEnd: number) {
    this.#machine = machine
    this.undoEnd = undoEnd >>> 0
    this.departedEnd = departedEnd >>> 0
    this.copiesEnd = copiesEnd >>> 0
  }

  /** Where the rows begin that have left merged, published or not, as words, in the order in which they did. */
  completedHeads(): number[] {
    const { words } = this.#machine
    const pages: number[][] = []
    forEachPage(words, this.undoEnd, 0, (from, to) => {
      const heads: number[] = []
      for (let at = from; at < to; at += undoWords) {
        const how = words[at + 2]
        if (words[at + 3] === LEFT && (how === MERGED || how === FILTERED)) heads.push(words[at + 1]! * unitWords)
      }
      pages.push(heads)
    })
    return pages.reverse().flat()
  }

  /**
   * Counts the parts that have left since the log ended at `departedEnd`; returns how many of them were published in
   * merged records, and how many were left out with theirs.
   */
  countDeparturesSince(departedEnd: number, counters: DepartureCounts): Departed {
    const { emitted, deadLettered, expired, filtered, superseded } = counters
    const { words } = this.#machine
    const counts = {
      [MERGED]: emitted,
      [REFUSED]: deadLettered,
      [EXPIRED]: expired,
      [FILTERED]: filtered,
      [SUPERSEDED]: superseded,
    }
    let mergedCount = 0
    let filteredCount = 0
    forEachPage(words, this.departedEnd, departedEnd, (from, to) => {
      for (let at = from; at < to; at += departedWords) {
        const how = words[at + 6] as keyof typeof counts
        counts[how][words[at + 3]! & partitionMask]!++
        if (how === MERGED) mergedCount++
        else if (how === FILTERED) filteredCount++
      }
    })
    return { mergedCount, filteredCount }
  }
}

/**
 * Visits the words of the entries from `start` on, an end that the chain had before, page by page, the last page first.
 * `start` and `end` are addresses.
 */
function forEachPage(words: Int32Array, end: number, start: number, visit: (from: number, to: number) => void): void {
  for (let after = end; after !== start;) {
    const page = pageWords * Math.floor((after / 4 - 1) / pageWords)
    const isLast = page * 4 < start && start < after
    visit(isLast ? start / 4 : page + headerWords, after / 4)
    if (isLast) return
    after = words[page]! >>> 0
  }
}
