/**
 * HalfSipHash-1-3: a keyed 32-bit hash over 32-bit words, made for hash tables that meet keys from strangers. A
 * cheaper multiply-and-xor hash has collisions that hold for every seed, so a seed alone would not stop flooding.
 * Cost: one round of 14 word operations per four key bytes, and four more at the end; records are independent, so the
 * processor overlaps them.
 *
 * @see Aumasson and Bernstein, "SipHash: a fast short-input PRF"; Linux `hsiphash`.
 */
export class KeyHash {
  readonly #k0: number
  readonly #k1: number

  constructor(seedLow: number, seedHigh: number) {
    this.#k0 = seedLow | 0
    this.#k1 = seedHigh | 0
  }

  /** Hash of `view[start, end)`, never 0; reads up to three bytes behind `end`. Numbers and strings hash apart. */
  of(view: DataView, start: number, end: number, isNumber: boolean): number {
    const length = end - start
    let v0 = this.#k0
    let v1 = this.#k1
    let v2 = 0x6c796765 ^ v0
    let v3 = 0x74656462 ^ v1
    if (isNumber) v1 ^= 0xee
    const whole = start + (length & ~3)
    let i = start
    for (;;) {
      let m: number
      if (i < whole) m = view.getInt32(i, true)
      else {
        const rest = length & 3
        m = length << 24
        if (rest !== 0) m |= view.getInt32(i, true) & (0xffffff >>> ((3 - rest) << 3))
      }
      v3 ^= m
      v0 = (v0 + v1) | 0
      v1 = (v1 << 5) | (v1 >>> 27)
      v1 ^= v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = (v3 << 8) | (v3 >>> 24)
      v3 ^= v2
      v0 = (v0 + v3) | 0
      v3 = (v3 << 7) | (v3 >>> 25)
      v3 ^= v0
      v2 = (v2 + v1) | 0
      v1 = (v1 << 13) | (v1 >>> 19)
      v1 ^= v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= m
      if (i >= whole) break
      i += 4
    }
    v2 ^= 0xff
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0
      v1 = (v1 << 5) | (v1 >>> 27)
      v1 ^= v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = (v3 << 8) | (v3 >>> 24)
      v3 ^= v2
      v0 = (v0 + v3) | 0
      v3 = (v3 << 7) | (v3 >>> 25)
      v3 ^= v0
      v2 = (v2 + v1) | 0
      v1 = (v1 << 13) | (v1 >>> 19)
      v1 ^= v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    const hash = v1 ^ v3
    return hash === 0 ? 1 : hash
  }
}
