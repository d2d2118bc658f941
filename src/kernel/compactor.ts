import { type Arena, segmentOf, unitBytes, wordOf } from './arena.ts'
import { blockFlags, unitsOf } from './block.ts'
import type { HashIndex } from './hash-index.ts'

/** Segments fuller than this are left alone: moving their blocks would cost more than it frees. */
const occupancyMax = 0.5
/** Unused memory that is never worth a move, in units: 16 MiB. */
const slackUnits = (16 << 20) / unitBytes
/** Segments begun in one run, because taking a segment's free blocks out of their lists has a cost too. */
const segmentsPerRunMax = 4

/**
 * Gives the arena's memory back: random deaths leave every segment partly live, so the live blocks of the emptiest
 * are moved elsewhere and the segment is dropped.
 *
 * A block is reached from the index (a head) or from the block before it, both found by its hash. Blocks of rows that
 * have left the index in an open epoch stay where they are, because the undo log names them by address; they leave the
 * segment when that epoch commits, or return to the index when it is undone and move in a later run.
 */
export class Compactor {
  readonly #arena: Arena
  readonly #index: HashIndex
  #walk: Generator<number> | undefined
  /** Retiring segments to walk once more. */
  #unfinished: number[] = []

  constructor(arena: Arena, index: HashIndex) {
    this.#arena = arena
    this.#index = index
  }

  /** Blocks have returned to the index: what was left behind is looked at again. */
  restart(): void {
    this.#walk = undefined
    this.#unfinished = this.#arena.retiring()
  }

  /** Moves at most `blocksMax` blocks. */
  run(blocksMax: number): void {
    let blocks = 0
    for (let begun = 0; blocks < blocksMax; ) {
      if (this.#walk === undefined) {
        if (begun++ === segmentsPerRunMax) return
        const victim = this.#unfinished.pop() ?? this.#retireEmptiest()
        if (victim === 0) return
        this.#walk = this.#arena.liveBlocks(victim)
      }
      const next = this.#walk.next()
      if (next.done) this.#walk = undefined
      else {
        blocks++
        this.#move(next.value)
      }
    }
  }

  /** Number of the segment that was chosen; 0 when no move is worth its cost. */
  #retireEmptiest(): number {
    if (this.#arena.reservedUnits <= 2 * this.#arena.liveUnits + slackUnits) return 0
    let victim = 0
    let least = occupancyMax
    for (let number = 1; number < this.#arena.segmentCount; number++) {
      const occupancy = this.#arena.occupancy(number)
      if (occupancy < least) {
        least = occupancy
        victim = number
      }
    }
    if (victim !== 0) this.#arena.retire(victim)
    return victim
  }

  #move(from: number): void {
    const words = this.#arena.words[segmentOf(from)]!
    const word = wordOf(from)
    const hash = words[word]!
    const isHead = words[word + 2] !== 0
    if (isHead && (words[word + 4]! & blockFlags.detached) !== 0) return
    const before = isHead ? 0 : this.#predecessor(hash, from)
    if (!isHead && before === 0) return

    const units = unitsOf(words, word)
    const to = this.#arena.allocate(units)
    this.#arena.words[segmentOf(to)]!.set(words.subarray(word, word + units * (unitBytes / 4)), wordOf(to))
    if (isHead) this.#index.redirect(hash, from, to)
    else this.#arena.words[segmentOf(before)]![wordOf(before) + 1] = to
    this.#arena.free(from, units)
  }

  /** The block whose next is `address`; 0 when the row is not in the index. */
  #predecessor(hash: number, address: number): number {
    for (const head of this.#index.withHash(hash)) {
      for (let block = head; block !== 0; ) {
        const next = this.#arena.words[segmentOf(block)]![wordOf(block) + 1]!
        if (next === address) return block
        block = next
      }
    }
    return 0
  }
}
