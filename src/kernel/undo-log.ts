import { partitionsMax } from './block.ts'
import type { TableMachine } from './table-machine.ts'

/** Words of an entry, and of a page and its header: see `assembly/log.ts`, which writes what is read here. */
const departedWords = 8
const pageWords = 1 << 15
const headerWords = 8

/** How a row left, as `assembly/log.ts` has it. */
export const Departure = { merged: 0, refused: 1, expired: 2 } as const
export type Departure = (typeof Departure)[keyof typeof Departure]

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

  /** Source partitions of the parts that have left since the log ended at `departedEnd`, and how their rows did. */
  forEachDepartureSince(departedEnd: number, visit: (partition: number, how: Departure) => void): void {
    const { words } = this.#machine
    forEachPage(words, this.departedEnd, departedEnd, (from, to) => {
      for (let at = from; at < to; at += departedWords) {
        visit(words[at + 3]! & (partitionsMax - 1), words[at + 6] as Departure)
      }
    })
  }
}

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
