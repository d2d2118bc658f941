import { partitionsMax } from './block.ts'
import type { TableMachine } from './table-machine.ts'

/** Told of one part: where it came from, its side, and the hash of its key. */
export type PartVisitor = (partition: number, offset: number, side: number, hash: number) => void

/** How a row left, as `assembly/log.ts` has it. */
export const Departure = { merged: 0, refused: 1, expired: 2 } as const
export type Departure = (typeof Departure)[keyof typeof Departure]

/** Words of the entries, and of a page and its header: see `assembly/log.ts`, which writes what is read here. */
const undoWords = 4
const departedWords = 8
const pageWords = 1 << 15
const headerWords = 8
/** In the fourth word of an entry: not a part that came in, but a row that left. */
const rowLeft = -1
/** Side and source partition share a word as they do in a block. */
const sideShift = 20

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

  /** Every part that came in and was kept, those included that have left again. */
  forEachArrival(visit: PartVisitor): void {
    const { words } = this.#machine
    forEachEntry(words, this.undoEnd, undoWords, (at) => {
      if (words[at + 3] !== rowLeft) visitPart(visit, words, at + 1, words[at]!)
    })
  }

  /** Every kept part that has left. */
  forEachDeparture(visit: PartVisitor): void {
    const { words } = this.#machine
    forEachEntry(words, this.departedEnd, departedWords, (at) => visitPart(visit, words, at + 3, words[at + 2]!))
  }

  /** Source partitions of the parts that have left since the log ended at `departedEnd`, and how their rows did. */
  forEachDepartureSince(departedEnd: number, visit: (partition: number, how: Departure) => void): void {
    const { words } = this.#machine
    const tell = (at: number) => visit(words[at + 3]! & (partitionsMax - 1), words[at + 6] as Departure)
    forEachEntry(words, this.departedEnd, departedWords, tell, departedEnd)
  }
}

/** Visits the entries from `start` on, an end that the chain had before, page by page, the last page first. */
function forEachEntry(
  words: Int32Array,
  end: number,
  entryWords: number,
  visit: (at: number) => void,
  start = 0,
): void {
  for (let behind = end; behind !== start;) {
    const page = pageWords * Math.floor((behind / 4 - 1) / pageWords)
    const isLast = page * 4 < start && start < behind
    for (let at = isLast ? start / 4 : page + headerWords; at < behind / 4; at += entryWords) visit(at)
    if (isLast) return
    behind = words[page]! >>> 0
  }
}

/** Three words that say where a part came from begin at `at`. */
function visitPart(visit: PartVisitor, words: Int32Array, at: number, hash: number): void {
  const place = words[at]!
  const offset = words[at + 2]! * 4294967296 + (words[at + 1]! >>> 0)
  visit(place & (partitionsMax - 1), offset, place >>> sideShift, hash)
}
