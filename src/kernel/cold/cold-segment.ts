/** Words of an entry: two of the hash, then the four words 4 to 7 of a block, which say where its part came from. */
const entryWords = 6
const hashWords = 2
export const entryBytes = 4 * entryWords
/** What `../block.ts` takes for the beginning of a block, counted from that of an entry. */
export const originOfEntry = hashWords - 4

const capacityMin = 4
/** Of all places, those that are taken at most; and those at least, where there are more than the fewest. */
const loadMax = 0.85
const loadMin = 0.4
const growth = 1.25

/**
 * A piece of a `ColdIndex`: open addressing with linear probing over one array. The first word of a hash is never 0, and
 * is where an entry has its home; a deletion moves the entries that follow back, so there are no marks of deleted ones.
 */
export class ColdSegment {
  words = new Int32Array(0)
  /** Places for entries. */
  capacity = 0
  #count = 0

  /** The first entry with a hash; -1 where there is none. */
  find(low: number, high: number): number {
    return this.capacity === 0 ? -1 : this.#findFrom(this.#homeOf(low), low, high)
  }

  /** The next one with the hash of an entry. */
  findAfter(entry: number): number {
    const at = entry * entryWords
    return this.#findFrom(this.#next(entry), this.words[at]!, this.words[at + 1]!)
  }

  add(low: number, high: number, words: Int32Array, origin: number): void {
    if (this.#count + 1 > this.capacity * loadMax) this.#resize(Math.ceil(this.capacity * growth) + capacityMin)
    this.#put(low, high, words, origin)
    this.#count++
  }

  delete(entry: number): void {
    const { words } = this
    let free = entry
    for (let next = this.#next(entry); words[next * entryWords] !== 0; next = this.#next(next)) {
      // An entry may move back as far as its home.
      const home = this.#homeOf(words[next * entryWords]!)
      if (this.#distance(home, next) < this.#distance(free, next)) continue
      words.copyWithin(free * entryWords, next * entryWords, (next + 1) * entryWords)
      free = next
    }
    words.fill(0, free * entryWords, (free + 1) * entryWords)
    this.#count--
  }

  /** Gives memory back that is not needed any more. */
  shrink(): void {
    if (this.#count === 0) this.clear()
    else if (this.capacity > 2 * capacityMin && this.#count < this.capacity * loadMin) {
      this.#resize(Math.ceil(this.#count / loadMax / loadMax) + 1)
    }
  }

  clear(): void {
    this.words = new Int32Array(0)
    this.capacity = 0
    this.#count = 0
  }

  #findFrom(from: number, low: number, high: number): number {
    const { words } = this
    for (let entry = from; ; entry = this.#next(entry)) {
      const at = entry * entryWords
      if (words[at] === 0) return -1
      if (words[at] === (low | 0) && words[at + 1] === (high | 0)) return entry
    }
  }

  #put(low: number, high: number, words: Int32Array, origin: number): void {
    let entry = this.#homeOf(low)
    while (this.words[entry * entryWords] !== 0) entry = this.#next(entry)
    const at = entry * entryWords
    this.words[at] = low
    this.words[at + 1] = high
    for (let word = 0; word < entryWords - hashWords; word++) this.words[at + hashWords + word] = words[origin + word]!
  }

  #resize(capacity: number): void {
    const { words } = this
    this.words = new Int32Array(capacity * entryWords)
    this.capacity = capacity
    for (let at = 0; at < words.length; at += entryWords) {
      if (words[at] !== 0) this.#put(words[at]!, words[at + 1]!, words, at + hashWords)
    }
  }

  #homeOf(low: number): number {
    return Math.floor(((low >>> 0) / 2 ** 32) * this.capacity)
  }

  #next(entry: number): number {
    return entry + 1 === this.capacity ? 0 : entry + 1
  }

  /** How many places `to` is after `from`. */
  #distance(from: number, to: number): number {
    return to >= from ? to - from : to + this.capacity - from
  }
}
