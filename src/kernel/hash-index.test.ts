import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../core/random.ts'
import { HashIndex, segmentSlots, slotMask } from './hash-index.ts'

/** Hashes whose home is `slot`, told apart by their top bits; never 0. */
const hashAt = (slot: number, top = 1) => (top << 18) | (slot & slotMask)

describe('HashIndex', () => {
  it('keeps pairs of equal hashes apart', () => {
    const index = new HashIndex()
    const hash = hashAt(7)
    for (const address of [10, 20, 30]) index.insert(hash, address)
    index.insert(hashAt(7, 2), 40)

    index.remove(hash, 20)
    index.redirect(hash, 30, 33)

    assert.deepEqual(new Set(index.withHash(hash)), new Set([10, 33]))
    assert.deepEqual([index.has(hash, 20), index.has(hash, 30), index.has(hash, 33)], [false, false, true])
    assert.equal(index.count, 3)
  })

  it('finds the first pair of a hash, and 0 where there is none', () => {
    const index = new HashIndex()
    index.insert(hashAt(5, 1), 10)
    index.insert(hashAt(5, 2), 20)

    assert.deepEqual(
      [1, 2, 3].map((top) => index.findHash(hashAt(5, top))),
      [10, 20, 0],
    )
    assert.equal(index.findHash(0), 0)
  })

  it('probes from the last slot on to the first', () => {
    const index = new HashIndex()
    const hashes = [hashAt(slotMask, 1), hashAt(slotMask, 2), hashAt(0, 3), hashAt(slotMask, 4)]
    hashes.forEach((hash, i) => index.insert(hash, i + 1))
    assert.deepEqual(
      hashes.map((hash) => index.findHash(hash)),
      [1, 2, 3, 4],
    )

    index.remove(hashes[0]!, 1)

    assert.deepEqual(
      hashes.map((hash) => index.findHash(hash)),
      [0, 2, 3, 4],
    )
  })

  it('works with hashes below zero', () => {
    const index = new HashIndex()
    const hashes = [-1, -2, -(2 ** 31), 2 ** 31 - 1]
    hashes.forEach((hash, i) => index.insert(hash, i + 1))

    assert.deepEqual(
      hashes.map((hash) => index.findHash(hash)),
      [1, 2, 3, 4],
    )
  })

  it('does not remove what is not there', () => {
    const index = new HashIndex()
    index.insert(hashAt(1), 10)

    assert.throws(() => index.remove(hashAt(1), 11), /the pair is in the index/)
  })

  it('finds every pair after any changes among hashes that collide', () => {
    // Few homes, around the end of the segment, so that probe chains run into one another and wrap.
    const hash = fc
      .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 4 }))
      .map(([slot, top]) => hashAt(slot, top))
    const change = fc.record({ hash, kind: fc.constantFrom('insert', 'insert', 'remove', 'redirect'), pick: fc.nat() })

    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const index = new HashIndex()
        let pairs: { hash: number; address: number }[] = []
        changes.forEach(({ kind, hash, pick }, i) => {
          const address = i + 1
          const chosen = pairs[pick % pairs.length]
          if (kind === 'insert') {
            index.insert(hash, address)
            pairs.push({ hash, address })
          } else if (chosen !== undefined && kind === 'remove') {
            index.remove(chosen.hash, chosen.address)
            pairs = pairs.filter((pair) => pair !== chosen)
          } else if (chosen !== undefined) {
            index.redirect(chosen.hash, chosen.address, address)
            chosen.address = address
          }
          for (const pair of pairs) assert.ok(index.has(pair.hash, pair.address))
          assert.equal(index.count, pairs.length)
        })
        assert.deepEqual(new Set(index.addresses()), new Set(pairs.map(({ address }) => address)))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('splits full segments and merges emptied ones, and loses nothing', () => {
    const index = new HashIndex()
    const random = seededRandom(1)
    const hashes = Int32Array.from({ length: 150_000 }, () => random.nextUint32() | 1)

    hashes.forEach((hash, i) => index.insert(hash, i + 1))

    assert.equal(index.count, hashes.length)
    assert.ok(index.segmentCount >= hashes.length / (0.6 * segmentSlots), `${index.segmentCount} segments`)
    assert.ok(index.segmentCount <= (2.5 * hashes.length) / (0.6 * segmentSlots), `${index.segmentCount} segments`)
    assert.equal(new Set(index.directory).size, index.segmentCount)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1)))

    const kept = hashes.length - 2000
    for (let i = 0; i < kept; i++) {
      index.remove(hashes[i]!, i + 1)
      if (i % 20_000 === 0) assert.ok(hashes.every((hash, j) => index.has(hash, j + 1) === j > i))
    }

    assert.deepEqual([index.count, index.segmentCount, index.depth], [2000, 1, 0])
    assert.deepEqual(
      [...index.addresses()].sort((a, b) => a - b),
      Array.from({ length: 2000 }, (_, i) => kept + i + 1),
    )
  })

  it('splits a segment more than once when its hashes share further bits', () => {
    const index = new HashIndex()
    // All below 2^29: three splits are needed before one separates them.
    const hashes = Int32Array.from({ length: 12_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b9) >>> 3) | 1)

    hashes.forEach((hash, i) => index.insert(hash, i + 1))

    assert.ok(index.depth >= 4)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1)))
    hashes.forEach((hash, i) => index.remove(hash, i + 1))
    assert.deepEqual([index.count, index.segmentCount, index.depth], [0, 1, 0])
  })

  it('does not merge a segment with a neighbour that has split further', () => {
    const index = new HashIndex()
    const random = seededRandom(1)
    const withTop = (bits: number, top: number) => (top << (32 - bits)) | (random.nextUint32() >>> bits) | 1
    const sparse = Array.from({ length: 100 }, () => withTop(1, 1))
    const emptied = Array.from({ length: 7_000 }, () => withTop(3, 0))
    const dense = Array.from({ length: 23_000 }, (_, i) => withTop(3, 1 + (i % 3)))
    const hashes = [...emptied, ...sparse, ...dense]
    hashes.forEach((hash, i) => index.insert(hash, i + 1))
    const { segmentCount } = index

    hashes.slice(0, 7_050).forEach((hash, i) => index.remove(hash, i + 1))

    assert.equal(index.segmentCount, segmentCount)
    assert.ok(hashes.every((hash, i) => index.has(hash, i + 1) === i >= 7_050))
  })
})
