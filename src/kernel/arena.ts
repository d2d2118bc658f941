import { assert } from '../core/assert.ts'

/**
 * Memory for blocks of bytes outside the JavaScript heap: fixed segments, so that growing copies nothing, cut into
 * blocks of whole units. An address is the number of a unit; 0 is no block.
 *
 * State: per size class a doubly linked list of free blocks through the blocks themselves; one segment that is being
 * filled from the front. Freed blocks are reused last in, first out, because their lines are still in the cache.
 * Invariant: word 0 of a live block is not 0, word 0 of a free block is 0 and word 3 holds its size in units, so a
 * segment can be walked from its first block to its last (`evacuate` in the pending table does).
 * Cost: allocating and freeing are O(1) and touch the block and its neighbour in the list.
 */
export const unitBytes = 16
const unitWords = unitBytes / 4
/** Units in an ordinary segment: 2^17 of 16 bytes, 2 MiB. */
const segmentUnitBits = 17
export const segmentUnits = 1 << segmentUnitBits
/** Blocks above this many units get a segment of their own. */
const sharedUnitsMax = segmentUnits >>> 2
/** Freed blocks above this many units are not reused one by one; their segment empties and is retired. */
const exactClasses = 1024

const freeNext = 1
const freePrevious = 2
const freeUnits = 3

interface Segment {
  words: Int32Array
  /** Units handed out so far from the front. */
  filled: number
  /** Units in live blocks. */
  live: number
  /** Blocks leave and none may come in. */
  retiring: boolean
  /** Made for one large block, and dropped with it. */
  isPrivate: boolean
}

/** Words behind the last unit of a segment, so that a whole line of cache may be read from any unit. */
const slackWords = 16

const noWords = new Int32Array(2 * slackWords)

export class Arena {
  /** Words of each segment by its number; freed numbers hold an empty array. Read it, never write it. */
  readonly words: Int32Array[] = [noWords]
  readonly #segments: (Segment | undefined)[] = [undefined]
  readonly #freeNumbers: number[] = []
  readonly #freeHeads = new Int32Array(exactClasses + 1)
  #filling = 0
  /** Units in live blocks. */
  liveUnits = 0
  /** Units in segments, live or not. */
  reservedUnits = 0

  /** Returns the address of a block of `units` units. Word 0 of it must be made other than 0 by the caller. */
  allocate(units: number): number {
    const reused = this.#takeFree(units)
    const address = reused !== 0 ? reused : this.#takeFresh(units)
    this.#segments[segmentOf(address)]!.live += units
    this.liveUnits += units
    return address
  }

  /** Gives a block back; its content is gone. */
  free(address: number, units: number): void {
    const number = segmentOf(address)
    const segment = this.#segments[number]!
    segment.live -= units
    this.liveUnits -= units
    if (segment.retiring) {
      this.#markFree(segment.words, wordOf(address), units)
      if (segment.live === 0) this.#drop(number)
    } else if (segment.isPrivate) this.#drop(number)
    else this.#pushFree(address, units)
  }

  /** Number of segments, dropped ones included; 0 is never used. */
  get segmentCount(): number {
    return this.#segments.length
  }

  /** Share of a segment that is in live blocks, 0 to 1; 1 for what cannot be retired: dropped, private, being filled, retiring already. */
  occupancy(number: number): number {
    const segment = this.#segments[number]
    if (segment === undefined || number === this.#filling || segment.isPrivate || segment.retiring) return 1
    return segment.live / segmentUnits
  }

  /** Takes the free blocks of a segment out of use, so that it only empties; once empty it is dropped. */
  retire(number: number): void {
    const segment = this.#segments[number]
    assert(segment !== undefined && number !== this.#filling && !segment.retiring, 'a filled segment retires once')
    segment.retiring = true
    for (let unit = 0; unit < segment.filled; ) {
      const word = unit * unitWords
      const isLive = segment.words[word] !== 0
      const units = isLive ? this.unitsOfLive(segment.words, word) : segment.words[word + freeUnits]!
      if (!isLive) this.#unlink(segment.words, word, units)
      unit += units
    }
    if (segment.live === 0) this.#drop(number)
  }

  /** Numbers of the segments that are retiring. */
  retiring(): number[] {
    return this.#segments.flatMap((segment, number) => (segment?.retiring ? [number] : []))
  }

  /** Size in units of the live block at `word`; the owner of the blocks sets it. */
  unitsOfLive: (words: Int32Array, word: number) => number = () => {
    throw new Error('assertion failed: the owner of the blocks must say how large they are')
  };

  /** Addresses of the live blocks of a segment, in order. */
  *liveBlocks(number: number): Generator<number> {
    const segment = this.#segments[number]
    if (segment === undefined) return
    for (let unit = 0; unit < segment.filled;) {
      const word = unit * unitWords
      const isLive = segment.words[word] !== 0
      const units = isLive ? this.unitsOfLive(segment.words, word) : segment.words[word + freeUnits]!
      if (isLive) yield number * segmentUnits + unit
      unit += units
    }
  }

  #takeFree(units: number): number {
    if (units > exactClasses) return 0
    const address = this.#freeHeads[units]!
    if (address === 0) return 0
    this.#unlink(this.words[segmentOf(address)]!, wordOf(address), units)
    return address
  }

  #takeFresh(units: number): number {
    if (units > sharedUnitsMax) return this.#addSegment(units, true)
    let segment = this.#segments[this.#filling]
    if (segment === undefined || segment.filled + units > segmentUnits) {
      if (segment !== undefined) this.#closeFilling(segment)
      this.#filling = this.#addSegment(segmentUnits, false) >>> segmentUnitBits
      segment = this.#segments[this.#filling]!
    }
    const unit = segment.filled
    segment.filled = unit + units
    return this.#filling * segmentUnits + unit
  }

  /** The end that is too small for the block at hand serves smaller ones later. */
  #closeFilling(segment: Segment): void {
    const rest = segmentUnits - segment.filled
    if (rest === 0) return
    const address = this.#filling * segmentUnits + segment.filled
    segment.filled = segmentUnits
    this.#pushFree(address, rest)
  }

  #addSegment(units: number, isPrivate: boolean): number {
    const number = this.#freeNumbers.pop() ?? this.#segments.length
    assert(number < 1 << (31 - segmentUnitBits), 'addresses fit 31 bits')
    const words = new Int32Array(units * unitWords + slackWords)
    this.#segments[number] = { words, filled: isPrivate ? units : 0, live: 0, retiring: false, isPrivate }
    this.words[number] = words
    this.reservedUnits += units
    return number * segmentUnits
  }

  #drop(number: number): void {
    const segment = this.#segments[number]!
    this.reservedUnits -= (segment.words.length - slackWords) / unitWords
    this.#segments[number] = undefined
    this.words[number] = noWords
    this.#freeNumbers.push(number)
  }

  #markFree(words: Int32Array, word: number, units: number): void {
    words[word] = 0
    words[word + freeUnits] = units
  }

  #pushFree(address: number, units: number): void {
    const words = this.words[segmentOf(address)]!
    const word = wordOf(address)
    this.#markFree(words, word, units)
    if (units > exactClasses) return
    const head = this.#freeHeads[units]!
    words[word + freeNext] = head
    words[word + freePrevious] = 0
    if (head !== 0) this.words[segmentOf(head)]![wordOf(head) + freePrevious] = address
    this.#freeHeads[units] = address
  }

  #unlink(words: Int32Array, word: number, units: number): void {
    if (units > exactClasses) return
    const next = words[word + freeNext]!
    const previous = words[word + freePrevious]!
    if (next !== 0) this.words[segmentOf(next)]![wordOf(next) + freePrevious] = previous
    if (previous !== 0) this.words[segmentOf(previous)]![wordOf(previous) + freeNext] = next
    else this.#freeHeads[units] = next
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
