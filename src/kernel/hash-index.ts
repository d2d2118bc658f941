import { assert } from '../core/assert.ts'

/**
 * From a hash to the address of a block, by extendible hashing: a directory over the hash's top bits names segments of
 * open addressing, each of a fixed number of slots. A full segment splits in two by its stored hashes, and two emptied
 * neighbours become one, so growing and shrinking move one segment at a time and never the whole.
 *
 * State: slots are pairs (hash, address) in one line of cache; hash 0 is a free slot. A slot's home is its hash's low
 * bits, collisions probe forward and wrap, deletion shifts the chain back, so there are no tombstones.
 * Invariant: all hashes of a segment share its `depth` top bits; a directory entry leads to the segment of its prefix.
 * The caller compares full keys: several slots may hold the same hash.
 *
 * @see Fagin et al., "Extendible hashing"; Knuth, TAOCP vol. 3, 6.4, algorithm R.
 */
export const segmentSlots = 1 << 14
export const slotMask = segmentSlots - 1
const splitCount = Math.floor(segmentSlots * 0.6)
const mergeCount = Math.floor(segmentSlots * 0.3)
/** Directory bits: 2^18 segments of 12,288 keys are three billion keys. */
const depthMax = 18

export class IndexSegment {
  readonly slots = new Int32Array(segmentSlots * 2)
  count = 0
  depth: number
  /** The hash's top `depth` bits, as a number. */
  prefix: number

  constructor(depth: number, prefix: number) {
    this.depth = depth
    this.prefix = prefix
  }
}

export class HashIndex {
  /** Segment of each prefix; `directory[hash >>> shift]`, which for depth 0 is `directory[0]`. */
  directory: IndexSegment[] = [new IndexSegment(0, 0)]
  depth = 0
  count = 0
  /** Distinct segments. */
  segmentCount = 1

  segmentOf(hash: number): IndexSegment {
    return this.directory[this.depth === 0 ? 0 : hash >>> (32 - this.depth)]!
  }

  /** Address of the first pair with this hash, which need not be the key that is meant; 0 when there is none. */
  findHash(hash: number): number {
    const { slots } = this.segmentOf(hash)
    let i = hash & slotMask
    while (slots[2 * i] !== hash && slots[2 * i] !== 0) i = (i + 1) & slotMask
    return slots[2 * i] === 0 ? 0 : slots[2 * i + 1]!
  }

  /** Adds a pair that is not there yet. */
  insert(hash: number, address: number): void {
    let segment = this.segmentOf(hash)
    while (segment.count >= splitCount) {
      this.#split(segment)
      segment = this.segmentOf(hash)
    }
    place(segment.slots, hash, address)
    segment.count++
    this.count++
  }

  /** Removes the pair that is known to be there. */
  remove(hash: number, address: number): void {
    const segment = this.segmentOf(hash)
    closeGap(segment.slots, slotOf(segment.slots, hash, address))
    segment.count--
    this.count--
    if (segment.count < mergeCount) this.#merge(segment)
  }

  has(hash: number, address: number): boolean {
    for (const found of this.withHash(hash)) if (found === address) return true
    return false
  }

  /** Makes the pair `(hash, from)` lead to `to`. */
  redirect(hash: number, from: number, to: number): void {
    const { slots } = this.segmentOf(hash)
    slots[2 * slotOf(slots, hash, from) + 1] = to
  }

  /** Addresses of all pairs with this hash. */
  *withHash(hash: number): Generator<number> {
    const { slots } = this.segmentOf(hash)
    for (let i = hash & slotMask; slots[2 * i] !== 0; i = (i + 1) & slotMask) {
      if (slots[2 * i] === hash) yield slots[2 * i + 1]!
    }
  }

  /** Addresses in no particular order. */
  *addresses(): Generator<number> {
    for (const segment of new Set(this.directory)) {
      for (let i = 0; i < segmentSlots * 2; i += 2) if (segment.slots[i] !== 0) yield segment.slots[i + 1]!
    }
  }

  #split(segment: IndexSegment): void {
    assert(segment.depth < depthMax, 'a keyed hash spreads keys before the directory is at its limit')
    if (segment.depth === this.depth) {
      this.directory = this.directory.flatMap((entry) => [entry, entry])
      this.depth++
    }
    const depth = segment.depth + 1
    const zero = new IndexSegment(depth, segment.prefix * 2)
    const one = new IndexSegment(depth, segment.prefix * 2 + 1)
    for (let i = 0; i < segmentSlots * 2; i += 2) {
      const hash = segment.slots[i]!
      if (hash === 0) continue
      const half = (hash >>> (32 - depth)) & 1 ? one : zero
      place(half.slots, hash, segment.slots[i + 1]!)
      half.count++
    }
    this.#assign(zero)
    this.#assign(one)
    this.segmentCount++
  }

  #merge(segment: IndexSegment): void {
    if (segment.depth === 0) return
    const buddy = this.directory[(segment.prefix ^ 1) * 2 ** (this.depth - segment.depth)]!
    if (buddy.depth !== segment.depth || buddy.count + segment.count > splitCount / 2) return
    const merged = new IndexSegment(segment.depth - 1, segment.prefix >>> 1)
    for (const half of [segment, buddy]) {
      for (let i = 0; i < segmentSlots * 2; i += 2) {
        if (half.slots[i] !== 0) place(merged.slots, half.slots[i]!, half.slots[i + 1]!)
      }
    }
    merged.count = segment.count + buddy.count
    this.#assign(merged)
    this.segmentCount--
    if (this.depth > 0 && !this.directory.some((entry) => entry.depth === this.depth)) {
      this.directory = this.directory.filter((_, i) => i % 2 === 0)
      this.depth--
    }
  }

  #assign(segment: IndexSegment): void {
    const span = 2 ** (this.depth - segment.depth)
    this.directory.fill(segment, segment.prefix * span, (segment.prefix + 1) * span)
  }
}

function place(slots: Int32Array, hash: number, address: number): void {
  let i = hash & slotMask
  while (slots[2 * i] !== 0) i = (i + 1) & slotMask
  slots[2 * i] = hash
  slots[2 * i + 1] = address
}

function slotOf(slots: Int32Array, hash: number, address: number): number {
  let i = hash & slotMask
  while (slots[2 * i] !== hash || slots[2 * i + 1] !== address) {
    assert(slots[2 * i] !== 0, 'the pair is in the index')
    i = (i + 1) & slotMask
  }
  return i
}

/** Moves later members of the probe chain forward, so that every lookup still ends at the first free slot. */
function closeGap(slots: Int32Array, gap: number): void {
  let j = gap
  for (;;) {
    j = (j + 1) & slotMask
    const hash = slots[2 * j]!
    if (hash === 0) break
    const home = hash & slotMask
    const staysReachable = gap <= j ? gap < home && home <= j : gap < home || home <= j
    if (staysReachable) continue
    slots[2 * gap] = hash
    slots[2 * gap + 1] = slots[2 * j + 1]!
    gap = j
  }
  slots[2 * gap] = 0
}
