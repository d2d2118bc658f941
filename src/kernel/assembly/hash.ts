/**
 * HalfSipHash-1-3: a keyed 32-bit hash over 32-bit words, made for hash tables that meet keys from strangers. A
 * cheaper multiply-and-xor hash has collisions that hold for every seed, so a seed alone would not stop flooding.
 * Cost: one round of 14 word operations per four key bytes, and four more at the end; records are independent, so the
 * processor overlaps them.
 *
 * @see Aumasson and Bernstein, "SipHash: a fast short-input PRF"; Linux `hsiphash`.
 */
import { restOf } from './copy'
import { seedHigh, seedLow } from './state'

/** Hash of a key, never 0; reads up to three bytes after `end`. Numbers and strings hash apart. */
export function hashOf(start: usize, end: usize, isNumber: bool): u32 {
  const length = <u32>(end - start)
  let a = seedLow
  let b = seedHigh
  let c: u32 = 0x6c796765 ^ a
  let d: u32 = 0x74656462 ^ b
  if (isNumber) b ^= 0xee
  const whole = start + (length & ~3)
  let at = start
  while (true) {
    const word = at < whole ? load<u32>(at) : (length << 24) | restOf(at, length)
    d ^= word
    a += b
    b = rotl<u32>(b, 5) ^ a
    a = rotl<u32>(a, 16)
    c += d
    d = rotl<u32>(d, 8) ^ c
    a += d
    d = rotl<u32>(d, 7) ^ a
    c += b
    b = rotl<u32>(b, 13) ^ c
    c = rotl<u32>(c, 16)
    a ^= word
    if (at >= whole) break
    at += 4
  }
  c ^= 0xff
  for (let round = 0; round < 3; round++) {
    a += b
    b = rotl<u32>(b, 5) ^ a
    a = rotl<u32>(a, 16)
    c += d
    d = rotl<u32>(d, 8) ^ c
    a += d
    d = rotl<u32>(d, 7) ^ a
    c += b
    b = rotl<u32>(b, 13) ^ c
    c = rotl<u32>(c, 16)
  }
  const hash = b ^ d
  return hash == 0 ? 1 : hash
}

/**
 * The other half of a hash of 64 bits, whose first half is `hashOf`: the same function under another key. For keys
 * of which there is nothing left to compare.
 */
export function secondHashOf(start: usize, end: usize, isNumber: bool): u32 {
  const low = seedLow
  const high = seedHigh
  seedLow = low ^ 0x9e3779b9
  seedHigh = high ^ 0x7f4a7c15
  const hash = hashOf(start, end, isNumber)
  seedLow = low
  seedHigh = high
  return hash
}
