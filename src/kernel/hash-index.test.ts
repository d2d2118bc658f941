import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../core/random.ts'
import { newTableMachine } from './fixtures/table-machine.ts'

const slotsPerPage = 1 << 14
const slotMask = slotsPerPage - 1

/** The index of a table. */
class HashIndex {
  readonly #machine = newTableMachine()
  readonly #run = this.#machine.run

  constructor() {
    this.#run.start(1, 2, 2, 0)
  }

  get count(): number {
    return this.#run.slotCount.value
  }

  get pageCount(): number {
    return this.#run.slotPages.value
  }

  get depth(): number {
    return this.#run.depth.value
  }

  insert(hash: number, address: number): void {
    assert.ok(this.#run.hasRoom(hash))
    this.#run.insert(hash, address)
  }

  remove(hash: number, address: number): void {
    this.#run.remove(hash, address)
  }

  has(hash: number, address: number): boolean {
    return this.#run.slotOf(this.#run.pageOf(hash), hash, address) !== 0
  }

  /** Pages that the directory leads to. */
  pages(): Set<number> {
    return new Set(this.#machine.int32('directory', 2 ** this.depth))
  }
}

/** Hashes whose home is `slot`, told apart by their top bits; never 0. */
const hashAt = (slot: number, top = 1) => (top << 18) | (slot & slotMask)

describe('the index', () => {
  it('keeps pairs of equal hashes apart', () => {
    const index = new HashIndex()
    const hash = hashAt(7)
    for (const address of [10, 20, 30]) index.insert(hash, address)
    index.insert(hashAt(7, 2), 40)

    index.remove(hash, 20)

    assert.deepEqual(
      [10, 20, 30, 40].map((address) => index.has(hash, address)),
      [true, false, true, false],
    )
    assert.equal(index.count, 3)
  })

  it('does not remove what is not there', () => {
    const index = new HashIndex()
    index.insert(hashAt(1), 10)

    assert.throws(() => index.remove(hashAt(1), 11), /unreachable/)
  })

  it('finds every pair after any changes among hashes that collide', () => {
    // Few homes, around the end of the page, so that probe chains run into one another and wrap.
    const hash = fc
      .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 4 }))
      .map(([slot, top]) => hashAt(slot, top))
    const change = fc.record({ hash, isAdded: fc.constantFrom(true, true, false), pick: fc.nat() })

    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const index = new HashIndex()
        let pairs: { hash: number; address: number }[] = []
        changes.forEach(({ isAdded, hash, pick }, i) => {
          const address = i + 1
          const chosen = pairs[pick % pairs.length]
          if (isAdded) {
            index.insert(hash, address)
            pairs.push({ hash, address })
          } else if (chosen !== undefined) {
            index.remove(chosen.hash, chosen.address)
            assert.ok(!index.has(chosen.hash, chosen.address))
            pairs = pairs.filter((pair) => pair !== chosen)
          }
          for (const pair of pairs) assert.ok(index.has(pair.hash, pair.address))
          assert.equal(index.count, pairs.length)
        })
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('splits full pages and merges emptied ones, and loses nothing', () => {
    const index = new HashIndex()
    const random = seededRandom(1)
    const hashes = Int32Array.from({ length: 150_000 }, () => random.nextUint32() | 1)

    hashes.forEach((hash, i) => index.insert(hash, i + 1))

    assert.equal(index.count, hashes.length)
    assert.ok(index.pageCount >= hashes.length / (0.6 * slotsPerPage), `${index.pageCount} pages`)
    assert.ok(index.pageCount <= (2.5 * hashes.length) / (0.6 * slotsPerPage), `${index.pageCount} pages`)
    assert.equal(index.pages().size, index.pageCount)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1)))

    const kept = hashes.length - 2000
    for (let i = 0; i < kept; i++) {
      index.remove(hashes[i]!, i + 1)
      if (i % 20_000 === 0) assert.ok(hashes.every((hash, j) => index.has(hash, j + 1) === j > i))
    }

    assert.deepEqual([index.count, index.pageCount, index.depth], [2000, 1, 1])
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1) === i >= kept))
  })

  it('splits a page more than once when its hashes share further bits', () => {
    const index = new HashIndex()
    // All below 2^29: three splits are needed before one separates them.
    const hashes = Int32Array.from({ length: 12_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b9) >>> 3) | 1)

    hashes.forEach((hash, i) => index.insert(hash, i + 1))

    assert.ok(index.depth >= 4)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1)))
    hashes.forEach((hash, i) => index.remove(hash, i + 1))
    assert.deepEqual([index.count, index.pageCount, index.depth], [0, 1, 1])
  })

  it('does not merge a page with a neighbour that has split further', () => {
    const index = new HashIndex()
    const random = seededRandom(1)
    const withTop = (bits: number, top: number) => (top << (32 - bits)) | (random.nextUint32() >>> bits) | 1
    const sparse = Array.from({ length: 100 }, () => withTop(1, 1))
    const emptied = Array.from({ length: 7_000 }, () => withTop(3, 0))
    const dense = Array.from({ length: 23_000 }, (_, i) => withTop(3, 1 + (i % 3)))
    const hashes = [...emptied, ...sparse, ...dense]
    hashes.forEach((hash, i) => index.insert(hash, i + 1))
    const { pageCount } = index

    hashes.slice(0, 7_050).forEach((hash, i) => index.remove(hash, i + 1))

    assert.equal(index.pageCount, pageCount)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1) === i >= 7_050))
  })
})
