import { assert } from '../core/assert.ts'
import { AddressStack } from './address-stack.ts'

/**
 * Memory for blocks of bytes outside the JavaScript heap: fixed segments, so that growing copies nothing, cut into
 * blocks of whole units. An address is the number of a unit; 0 is no block.
 *
 * State: per size class a stack of free addresses, kept outside the blocks, so that freeing touches none of their
 * memory; one segment that is being filled from the front; per segment the units in live blocks.
 * Invariant: a block never changes its size, so a segment can be walked from block to block by their headers, live or not.
 * Cost: allocating and freeing are O(1); retiring segments costs one pass over the stacks.
 */
export const unitBytes = 16
const unitWords = unitBytes / 4
/** Units in an ordinary segment: 2^17 of 16 bytes, 2 MiB. */
const segmentUnitBits = 17
const segmentUnits = 1 << segmentUnitBits
/** Segments that 31-bit addresses can name: 32 GiB. */
const segmentsMax = 1 << (31 - segmentUnitBits)
/** Larger blocks, in units, get a segment of their own. */
const sharedUnitsMax = segmentUnits >>> 2
/** Freed blocks above this many units are not reused one by one; their segment empties and is retired. */
const reusedUnitsMax = 1024
/** Words behind the last unit of a segment, so that two lines of cache behind any unit may be read. */
const slackWords = 36

const noWords = new Int32Array(2 * slackWords)

const kinds = { absent: 0, shared: 1, private: 2, retiring: 3 } as const

export class Arena {
  /** Words of each segment by its number; number 0 and dropped ones hold a dummy. Read it, never write it. */
  readonly words: Int32Array[] = [noWords]
  readonly #kinds = new Uint8Array(segmentsMax)
  /** Units handed out so far from the front of each segment. */
  readonly #filled = new Int32Array(segmentsMax)
  /** Units in live blocks of each segment. */
  readonly #live = new Int32Array(segmentsMax)
  readonly #freeNumbers: number[] = []
  readonly #free: AddressStack[] = Array.from({ length: reusedUnitsMax + 1 }, () => new AddressStack())
  readonly #markUnused: (words: Int32Array, word: number, units: number) => void
  #filling = 0
  /** Units in live blocks. */
  liveUnits = 0
  /** Units in segments, live or not. */
  reservedUnits = 0

  /** @param markUnused - Writes the header of a block that has never been used, so that a walk can pass over it. */
  constructor(markUnused: (words: Int32Array, word: number, units: number) => void) {
    this.#markUnused = markUnused
  }

  /** Returns the address of a block of `units` units with arbitrary content; 0 when no segment can be added. */
  allocate(units: number): number {
    let address = units <= reusedUnitsMax ? this.#free[units]!.pop() : 0
    if (address === 0) address = this.#takeFresh(units)
    if (address === 0) return 0
    this.#live[segmentOf(address)]! += units
    this.liveUnits += units
    return address
  }

  /** Gives a block back. Its memory is not touched. */
  free(address: number, units: number): void {
    const number = segmentOf(address)
    const live = this.#live[number]! - units
    this.#live[number] = live
    this.liveUnits -= units
    const kind = this.#kinds[number]
    if (kind !== kinds.shared) {
      if (live === 0) this.#drop(number)
    } else if (units <= reusedUnitsMax) this.#free[units]!.push(address)
  }

  /** Up to `countMax` filled segments of which less than `occupancyMax` (0 to 1) is live, the emptiest first. */
  emptiest(countMax: number, occupancyMax: number): number[] {
    const candidates: number[] = []
    for (let number = 1; number < this.words.length; number++) {
      const isCandidate = this.#kinds[number] === kinds.shared && number !== this.#filling
      if (isCandidate && this.#live[number]! < occupancyMax * segmentUnits) candidates.push(number)
    }
    return candidates.sort((a, b) => this.#live[a]! - this.#live[b]!).slice(0, countMax)
  }

  /** Takes segments out of use: nothing is allocated in them any more, and each is dropped when it is empty. */
  retire(numbers: readonly number[]): void {
    for (const number of numbers) {
      assert(this.#kinds[number] === kinds.shared && number !== this.#filling, 'a filled segment retires once')
      this.#kinds[number] = kinds.retiring
    }
    const kind = this.#kinds
    for (const stack of this.#free) stack.keep((address) => kind[segmentOf(address)] !== kinds.retiring)
    for (const number of numbers) if (this.#live[number] === 0) this.#drop(number)
  }

  /** Numbers of the segments that are retiring. */
  retiring(): number[] {
    return this.words.flatMap((_, number) => (this.#kinds[number] === kinds.retiring ? [number] : []))
  }

  /** Addresses of all blocks of a segment, live or not, in order. `unitsOf` reads a block's size from its header. */
  *blocks(number: number, unitsOf: (words: Int32Array, word: number) => number): Generator<number> {
    const words = this.words[number]!
    const filled = this.#filled[number]!
    // Once the segment is dropped its number may be given to another.
    for (let unit = 0; unit < filled && this.words[number] === words;) {
      const units = unitsOf(words, unit * unitWords)
      yield number * segmentUnits + unit
      unit += units
    }
  }

  #takeFresh(units: number): number {
    if (units > sharedUnitsMax) {
      const number = this.#addSegment(units, kinds.private)
      this.#filled[number] = units
      return number * segmentUnits
    }
    if (this.#filling === 0 || this.#filled[this.#filling]! + units > segmentUnits) {
      if (this.#filling !== 0) this.#closeFilling()
      this.#filling = this.#addSegment(segmentUnits, kinds.shared)
      if (this.#filling === 0) return 0
      this.#filled[this.#filling] = 0
    }
    const unit = this.#filled[this.#filling]!
    this.#filled[this.#filling] = unit + units
    return this.#filling * segmentUnits + unit
  }

  /** The end that is too small for the block at hand serves smaller ones later. */
  #closeFilling(): void {
    const filled = this.#filled[this.#filling]!
    const rest = segmentUnits - filled
    if (rest === 0) return
    const address = this.#filling * segmentUnits + filled
    this.#markUnused(this.words[this.#filling]!, wordOf(address), rest)
    this.#filled[this.#filling] = segmentUnits
    if (rest <= reusedUnitsMax) this.#free[rest]!.push(address)
  }

  /** Number of the new segment; 0 when all numbers are in use. */
  #addSegment(units: number, kind: number): number {
    const number = this.#freeNumbers.pop() ?? this.words.length
    if (number >= segmentsMax) return 0
    this.words[number] = new Int32Array(units * unitWords + slackWords)
    this.#kinds[number] = kind
    this.#live[number] = 0
    this.reservedUnits += units
    return number
  }

  #drop(number: number): void {
    this.reservedUnits -= (this.words[number]!.length - slackWords) / unitWords
    this.words[number] = noWords
    this.#kinds[number] = kinds.absent
    this.#freeNumbers.push(number)
  }
}

/** Number of the segment an address lies in. */
export function segmentOf(address: number): number {
  return address >>> segmentUnitBits
}

/** Index of the first word of an address within its segment. */
export function wordOf(address: number): number {
  return (address & (segmentUnits - 1)) << 2
}
