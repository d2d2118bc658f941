import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../core/random.ts'
import { newTableMachine } from './fixtures/table-machine.ts'

const random = seededRandom(1)

function anyBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.nextUint32())
}

/** A table's hash with a seed. */
class KeyHash {
  readonly #machine = newTableMachine()
  readonly #stage: number

  constructor(seedLow: number, seedHigh: number) {
    this.#machine.run.start(seedLow, seedHigh, 2, 0)
    this.#stage = this.#machine.run.takeStage(256)
  }

  /** Hashes a key in the middle of other bytes, so that reading too far shows. */
  of(key: Uint8Array, isNumber = false, surroundings = anyBytes(11)): number {
    const { bytes, run } = this.#machine
    bytes.set([...surroundings, ...key, ...surroundings], this.#stage)
    const start = this.#stage + surroundings.length
    return run.hashOf(start, start + key.length, Number(isNumber))
  }
}

describe('KeyHash', () => {
  it('is HalfSipHash-1-3 at all lengths', () => {
    for (let length = 0; length <= 64; length++) {
      const key = anyBytes(length)
      const [seedLow, seedHigh] = [random.nextUint32(), random.nextUint32()]

      assert.equal(
        new KeyHash(seedLow, seedHigh).of(key) >>> 0,
        halfSipHash13(key, seedLow, seedHigh),
        `length ${length}`,
      )
    }
  })

  it('does not depend on what lies around the key', () => {
    const hash = new KeyHash(1, 2)
    for (let length = 0; length <= 9; length++) {
      const key = anyBytes(length)

      assert.equal(hash.of(key), hash.of(key))
      assert.equal(hash.of(key, true), hash.of(key, true))
    }
  })

  it('tells numbers from strings of the same bytes', () => {
    const hash = new KeyHash(1, 2)
    for (const text of ['', '1', '12', '123', '1234', '12345']) {
      const key = new TextEncoder().encode(text)

      assert.notEqual(hash.of(key, true), hash.of(key, false))
    }
  })

  it('tells keys apart that differ in zeros at their end', () => {
    const hash = new KeyHash(1, 2)
    const hashes = Array.from({ length: 20 }, (_, length) => hash.of(new Uint8Array(length)))

    assert.equal(new Set(hashes).size, 20)
  })

  it('gives other hashes for another seed', () => {
    const key = new TextEncoder().encode('cust-8b34c2b0-358286')

    const hashes = [new KeyHash(1, 2), new KeyHash(1, 3), new KeyHash(2, 2)].map((hash) => hash.of(key))

    assert.equal(new Set(hashes).size, 3)
  })

  it('spreads keys in order evenly over the low and the high bits', () => {
    const hash = new KeyHash(random.nextUint32(), random.nextUint32())
    const [keys, places] = [100_000, 256]
    const low = new Int32Array(places)
    const high = new Int32Array(places)
    for (let i = 0; i < keys; i++) {
      const value = hash.of(new TextEncoder().encode(`cust-${i}`), false, new Uint8Array(4))
      low[value & 255]!++
      high[value >>> 24]!++
    }

    // Chi-squared with 255 degrees of freedom: above 350 in one of 25,000 cases.
    for (const counts of [low, high]) {
      const expected = keys / places
      const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
      assert.ok(chiSquared < 350, `${chiSquared}`)
    }
  })

  it('is never 0, which marks a free slot', () => {
    // A key that the hash brings to 0 with this seed, found by trying.
    const hash = new KeyHash(0x9e3779b9, 0x7f4a7c15)
    const key = Uint8Array.of(188, 16, 67, 188, 3)

    assert.equal(halfSipHash13(key, 0x9e3779b9, 0x7f4a7c15), 0)
    assert.equal(hash.of(key), 1)
  })
})

/** Written after the paper, byte by byte and with unbounded integers, to share nothing with the code under test. */
function halfSipHash13(key: Uint8Array, seedLow: number, seedHigh: number): number {
  const rotate = (value: bigint, bits: bigint) => BigInt.asUintN(32, (value << bits) | (value >> (32n - bits)))
  const add = (a: bigint, b: bigint) => BigInt.asUintN(32, a + b)
  const k0 = BigInt(seedLow)
  const k1 = BigInt(seedHigh)
  let [v0, v1, v2, v3] = [k0, k1, k0 ^ 0x6c796765n, k1 ^ 0x74656462n]
  const round = () => {
    v0 = add(v0, v1)
    v2 = add(v2, v3)
    v1 = rotate(v1, 5n) ^ v0
    v3 = rotate(v3, 8n) ^ v2
    v0 = add(rotate(v0, 16n), v3)
    v2 = add(v2, v1)
    v3 = rotate(v3, 7n) ^ v0
    v1 = rotate(v1, 13n) ^ v2
    v2 = rotate(v2, 16n)
  }
  const lastByte = key.length % 256
  const padded = [...key, ...Array.from({ length: 3 - (key.length % 4) }, () => 0), lastByte]
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.slice(at, at + 4).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
    v3 ^= word
    round()
    v0 ^= word
  }
  v2 ^= 0xffn
  for (let i = 0; i < 3; i++) round()
  return Number(v1 ^ v3)
}
