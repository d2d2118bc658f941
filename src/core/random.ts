import { randomBytes } from 'node:crypto'
import { assert } from './assert.ts'

/** The one way to reach chance: a stream of uniform 32-bit numbers. */
export interface Random {
  /** The next number, 0 to 2^32 - 1. */
  nextUint32(): number
}

/**
 * A small seeded generator: the same seed gives the same numbers on every machine.
 *
 * @see Blackman and Vigna, xoshiro128**; seeded by splitmix32 so that near seeds give unrelated streams.
 */
export function seededRandom(seed: number): Random {
  let mix = seed | 0
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix()
  return {
    nextUint32() {
      const x = Math.imul(b, 5)
      const result = Math.imul((x << 7) | (x >>> 25), 9)
      const t = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= t
      d = (d << 11) | (d >>> 21)
      return result >>> 0
    },
  }
}

/** Numbers nobody can predict, for hash seeds and jitter. */
export const systemRandom: Random = { nextUint32: () => randomBytes(4).readUInt32LE() }

/** A float in [0, 1). */
export function nextFloat(random: Random): number {
  return random.nextUint32() / 4294967296
}

/** A whole number in [0, bound), without bias; `bound` is 1 to 2^32. */
export function nextInt(random: Random, bound: number): number {
  assert(bound >= 1 && bound <= 4294967296, `a draw is below 1 to 2^32, not ${bound}`)
  const limit = 4294967296 - (4294967296 % bound)
  for (;;) {
    const value = random.nextUint32()
    if (value < limit) return value % bound
  }
}
