/**
 * Layout of one version of a row in the arena, in 32-bit words. Versions that are read are written once: a change makes
 * another one, to which the index leads from then on, and which leads to this one.
 *
 * | word | content |
 * |---|---|
 * | 0 | hash of the key; 0 in a block that is free |
 * | 1 | address of the version before, 0 where there is none |
 * | 2 | flags << 16, length of the key in bytes |
 * | 3 | length of the value in bytes |
 * | 4, 5 | stamp: the number of the commit that made it, as a 64-bit float |
 *
 * The key and the value follow. The arena heads an unused block as `block.ts` does, and words 0, 2 and 3 mean the same
 * here.
 */
import { unitBits } from '../constants/block'
import { versionHeaderBytes } from '../constants/row-version'
import { at } from './block'
import { giveBack, rounded } from './parked'
import { isTorn } from './sequence'

/** The row is absent as of this version. */
export const DELETED: u32 = 1 << 16
/** There is a later version. */
const SUPERSEDED: u32 = 2 << 16

export function unitsFor(keyLength: u32, valueLength: u32): u32 {
  return rounded(<u32>((versionHeaderBytes + keyLength + valueLength + 15) >>> unitBits))
}

/** Writes a version but for its value. */
export function write(
  block: usize,
  hash: u32,
  key: usize,
  length: u32,
  flags: u32,
  valueLength: u32,
  stamp: f64,
): void {
  store<u32>(block, hash)
  store<u32>(block, 0, 4)
  store<u32>(block, flags | length, 8)
  store<u32>(block, valueLength, 12)
  store<f64>(block, stamp, 16)
  memory.copy(block + versionHeaderBytes, key, length)
}

/** Makes a version that nobody reads another one of its row and size, but for its value. */
export function writeAgain(block: usize, valueLength: u32, stamp: f64): void {
  store<u32>(block, valueLength, 12)
  store<f64>(block, stamp, 16)
}

export function hashIn(block: usize): u32 {
  return load<u32>(block)
}

export function olderOf(block: usize): u32 {
  return load<u32>(block, 4)
}

export function setOlder(block: usize, address: u32): void {
  store<u32>(block, address, 4)
}

export function keyLengthOf(block: usize): u32 {
  return load<u32>(block, 8) & 0xffff
}

export function keyOf(block: usize): usize {
  return block + versionHeaderBytes
}

export function stampOf(block: usize): f64 {
  return load<f64>(block, 16)
}

export function isDeleted(block: usize): bool {
  return (load<u32>(block, 8) & DELETED) != 0
}

export function isSuperseded(block: usize): bool {
  return (load<u32>(block, 8) & SUPERSEDED) != 0
}

export function markSuperseded(block: usize): void {
  store<u32>(block, load<u32>(block, 8) | SUPERSEDED, 8)
}

export function unitsOf(block: usize): u32 {
  return unitsFor(keyLengthOf(block), load<u32>(block, 12))
}

/** Gives the block of a version back. */
export function freeVersion(address: u32): void {
  const block = at(address)
  store<u32>(block, 0)
  giveBack(address, unitsOf(block))
}

/** The newest version of a chain that is not after `stamp`; 0 where there is none. */
export function asOf(head: u32, stamp: f64): u32 {
  let address = head
  while (address != 0 && stampOf(at(address)) > stamp && !isTorn()) address = olderOf(at(address))
  return address
}

/** Whether two texts are the same. */
export function isSame(a: usize, b: usize, length: u32): bool {
  let i: usize = 0
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false
  for (; i < length; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false
  return true
}

/** Compares two texts byte by byte: negative, zero or positive. */
export function compare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const length = min(aLength, bLength)
  let i: usize = 0
  for (; i + 8 <= length; i += 8) {
    const left = bswap<u64>(load<u64>(a + i))
    const right = bswap<u64>(load<u64>(b + i))
    if (left != right) return left < right ? -1 : 1
  }
  for (; i < length; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i)
    if (difference != 0) return difference
  }
  return <i32>aLength - <i32>bLength
}
