import { type Arena, segmentOf, unitBytes, wordOf } from './arena.ts'
import { isHead, unitsOf } from './block.ts'
import type { HashIndex } from './hash-index.ts'

/** Segments fuller than this are left alone: moving their blocks would cost more than it frees. */
const occupancyMax = 0.5
/** Unused memory that is never worth a move, in units: 16 MiB. */
const slackUnits = (16 << 20) / unitBytes
/** Segments taken out of use at a time. */
const segmentsAtOnce = 8

/**
 * Gives the arena's memory back: random deaths leave every segment partly live, so the live blocks of the emptiest
 * are moved elsewhere and the segments are dropped.
 *
 * A block is live if it can be reached: a head from the index, another part from the block before it. Blocks that
 * cannot be are free already, or belong to a row that left in an open epoch; those stay, because the undo log names
 * them by address, until that epoch commits or is undone, after which `restart` has them looked at again.
 */
export class Compactor {
  readonly #arena: Arena
  readonly #index: HashIndex
  /** Retiring segments that are still to be walked. */
  #victims: number[] = []
  #walk: Generator<number> | undefined

  constructor(arena: Arena, index: HashIndex) {
    this.#arena = arena
    this.#index = index
  }

  /** Looks at most at `blocksMax` blocks. Does nothing while less than half of the memory is unused. */
  run(blocksMax: number): void {
    for (let blocks = 0; blocks < blocksMax; blocks++) {
      if (this.#walk === undefined) {
        if (this.#victims.length === 0) this.#chooseVictims()
        const victim = this.#victims.pop()
        if (victim === undefined) return
        this.#walk = this.#arena.blocks(victim, unitsOf)
      }
      const next = this.#walk.next()
      if (next.done) this.#walk = undefined
      else this.#move(next.value)
    }
  }

  /** Blocks have returned to the index: what was left behind is looked at again. */
  restart(): void {
    this.#walk = undefined
    this.#victims = this.#arena.retiring()
  }

  #chooseVictims(): void {
    const { reservedUnits, liveUnits } = this.#arena
    if (reservedUnits <= 2 * liveUnits + slackUnits) return
    this.#victims = this.#arena.emptiest(segmentsAtOnce, occupancyMax)
    if (this.#victims.length > 0) this.#arena.retire(this.#victims)
  }

  #move(from: number): void {
    const words = this.#arena.words[segmentOf(from)]!
    const word = wordOf(from)
    const hash = words[word]!
    const before = isHead(words, word) ? 0 : this.#predecessor(hash, from)
    if (before === 0 && !(isHead(words, word) && this.#index.has(hash, from))) return

    const units = unitsOf(words, word)
    const to = this.#arena.allocate(units)
    if (to === 0) return
    this.#arena.words[segmentOf(to)]!.set(words.subarray(word, word + units * (unitBytes / 4)), wordOf(to))
    if (before === 0) this.#index.redirect(hash, from, to)
    else this.#arena.words[segmentOf(before)]![wordOf(before) + 1] = to
    this.#arena.free(from, units)
  }

  /** The block of a row in the index whose next is `address`; 0 when there is none. */
  #predecessor(hash: number, address: number): number {
    for (const head of this.#index.withHash(hash)) {
      for (let block = head; block !== 0;) {
        const next = this.#arena.words[segmentOf(block)]![wordOf(block) + 1]!
        if (next === address) return block
        block = next
      }
    }
    return 0
  }
}
