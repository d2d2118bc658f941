/**
 * Layout of one pending part in the arena, in 32-bit words. The first part of a row is its head and carries the key;
 * further parts hang after it.
 *
 * | word | content |
 * |---|---|
 * | 0 | hash of the key, never 0 |
 * | 1 | address of the next part of the row, 0 at the end |
 * | 2 | head: sides present as a bit set << 16, length of the key in bytes; else 0 |
 * | 3 | tailed << 31, length of the part in bytes |
 * | 4 | replacing << 31, age << 27, flags << 24, side << 20, source partition |
 * | 5 | offset, low 32 bits |
 * | 6 | offset, next 11 bits << 21; timestamp, high 21 bits |
 * | 7 | timestamp, low 32 bits |
 *
 * A completed key that is remembered is a head with the key alone: see `remembered.ts`.
 * After it: the key (head), padded with zeros to whole words; the spelling (if the key was respelled), its length in
 * one word and then its bytes; the part; if it is tailed, its tail: how many parts a list of its row has, the length of
 * the headers that the part carries, in a word each, and these headers. `../block.ts` reads it too.
 */
import {
  headerBytes,
  keyBytesLimit,
  keyIsNumber,
  partitionBits,
  partLengthMask,
  partitionMask,
  remembered,
  respelled,
  sidesMax,
  tailHeadBytes,
  timestampHighBits,
  unitBits,
} from '../constants/block'
import { copyWords, restOf } from './copy'

export const headerUnits: u32 = headerBytes >>> unitBits
/** The bits of side and partition in their word. */
const placeMask: u32 = (sidesMax << partitionBits) - 1
const timestampHighMask: u32 = (1 << timestampHighBits) - 1
/** Sides present begin at this bit of a head. */
const sidesBit: u32 = 16

/** Of a head, above its flags: how many passes have met its row while it lacked optional sides only. */
const ageBits: u32 = 27
const ageMask: u32 = 15 << ageBits

/** A flag above the age: the part came in place of another, which an undo brings back. */
export const replacing: u32 = 1 << 31
/** In the word of the part's length: a tail comes after the part. */
export const tailed: u32 = 1 << 31

/** Where a block begins. */
export function at(address: u32): usize {
  return (<usize>address) << unitBits
}

export function hashIn(block: usize): u32 {
  return load<u32>(block)
}

export function nextOf(block: usize): u32 {
  return load<u32>(block, 4)
}

export function setNext(block: usize, address: u32): void {
  store<u32>(block, address, 4)
}

/** Sides present and the length of the key, in one word. */
export function headOf(block: usize): u32 {
  return load<u32>(block, 8)
}

export function setHead(block: usize, head: u32): void {
  store<u32>(block, head, 8)
}

export function partLengthOf(block: usize): u32 {
  return load<u32>(block, 12) & partLengthMask
}

/** How many parts a list of its row has, of a part that tells it. */
export function numberTold(block: usize): u32 {
  return load<u32>(tailOf(block))
}

/** Length of the headers that the part carries; 0 where there are none. */
export function carriedLengthOf(block: usize): u32 {
  return hasTail(block) ? load<u32>(tailOf(block), 4) : 0
}

/** Where they begin. */
export function carriedOf(block: usize): usize {
  return tailOf(block) + tailHeadBytes
}

/** Whether the part tells a number, or carries headers. */
export function hasTail(block: usize): bool {
  return (load<u32>(block, 12) & tailed) != 0
}

function tailOf(block: usize): usize {
  return partOf(block) + padded(partLengthOf(block))
}

export function isReplacing(block: usize): bool {
  return (load<u32>(block, 16) & replacing) != 0
}

/** Length of the key of a head; else 0. */
export function keyLengthOf(block: usize): u32 {
  return headOf(block) & keyBytesLimit
}

/** A head that has these sides, a bit set. */
export function headFrom(sides: u32, keyLength: u32): u32 {
  return (sides << sidesBit) | keyLength
}

/** The bit of a head that says that this side is present. */
export function sideBit(side: u32): u32 {
  return (1 << sidesBit) << side
}

/** Sides present in a head, as a bit set. */
export function sidesOf(head: u32): u32 {
  return head >>> sidesBit
}

/** Side and source partition in one word. */
export function placeFrom(side: u32, partition: u32): u32 {
  return partition | (side << partitionBits)
}

/** The source partition in such a word. */
export function partitionIn(place: u32): u32 {
  return place & partitionMask
}

/** Side and source partition of the part: `placeFrom` explains the word. */
export function placeOf(block: usize): u32 {
  return load<u32>(block, 16) & placeMask
}

export function sideOf(block: usize): u32 {
  return (load<u32>(block, 16) >>> partitionBits) & (sidesMax - 1)
}

export function isRespelled(block: usize): bool {
  return (load<u32>(block, 16) & respelled) != 0
}

export function isNumber(block: usize): bool {
  return (load<u32>(block, 16) & keyIsNumber) != 0
}

export function isRemembered(block: usize): bool {
  return (load<u32>(block, 16) & remembered) != 0
}

/** Passes that have met the row of a head while it lacked optional sides only. */
export function ageOf(block: usize): u32 {
  return (load<u32>(block, 16) & ageMask) >>> ageBits
}

export function setAge(block: usize, age: u32): void {
  store<u32>(block, (load<u32>(block, 16) & ~ageMask) | (age << ageBits), 16)
}

export function offsetOf(block: usize): u64 {
  return ((<u64>load<u32>(block, 24) >>> timestampHighBits) << 32) | load<u32>(block, 20)
}

/** The high half keeps its sign: a record without a timestamp has -1. */
export function timestampOf(block: usize): i64 {
  return (
    ((<i64>(((<i32>load<u32>(block, 24)) << (32 - timestampHighBits)) >> (32 - timestampHighBits))) << 32) |
    load<u32>(block, 28)
  )
}

/** Links a block into the row at a slot in place of another, which stays as it is. @param before - 0 of the head. */
export function putInPlace(slot: usize, before: u32, from: u32, to: u32): void {
  const block = at(to)
  setNext(block, nextOf(at(from)))
  setHead(block, headOf(at(from)))
  setAge(block, ageOf(at(from)))
  if (before == 0) store<u32>(slot, to, 4)
  else setNext(at(before), to)
}

/** Writes where and when a part came from. */
export function setOrigin(block: usize, flagsAndPlace: u32, offset: u64, timestamp: i64): void {
  store<u32>(block, flagsAndPlace, 16)
  store<u32>(block, <u32>offset, 20)
  store<u32>(block, ((<u32>(offset >>> 32)) << timestampHighBits) | (<u32>(timestamp >> 32) & timestampHighMask), 24)
  store<u32>(block, <u32>timestamp, 28)
}

/** Writes the key of a head, padded with zeros, so that it can be compared by words; returns the place after it. */
export function writeKey(block: usize, key: usize, length: u32): usize {
  const end = copyWords(block + headerBytes, key, length)
  if ((length & 3) != 0) store<u32>(end - 4, restOf(key + (length & ~3), length))
  return end
}

/** The place after the key: the spelling's length where there is one, else the part. */
export function afterKey(block: usize): usize {
  return block + headerBytes + padded(keyLengthOf(block))
}

export function partOf(block: usize): usize {
  const after = afterKey(block)
  return isRespelled(block) ? after + 4 + padded(load<u32>(after)) : after
}

/** Bytes of a tail that carries so many bytes of headers. */
export function tailBytesFor(carriedLength: u32): u32 {
  return tailHeadBytes + <u32>padded(carriedLength)
}

/** Size of a block in units of 16 bytes. @param tailBytes - 0 of a part without a tail. */
export function unitsFor(keyLength: u32, spellingLength: u32, partLength: u32, tailBytes: u32): u32 {
  const spelling: usize = spellingLength == 0 ? 0 : 4 + padded(spellingLength)
  return <u32>((padded(keyLength) + spelling + padded(partLength) + tailBytes + headerBytes + 15) >>> unitBits)
}

/** Size in units of the block at an address. */
export function unitsOf(block: usize): u32 {
  const tail = tailOf(block)
  const tailBytes: u32 = hasTail(block) ? tailBytesFor(load<u32>(tail, 4)) : 0
  return (<u32>(tail - block) + tailBytes + 15) >>> unitBits
}

/** Writes the header of a block that holds nothing, of as many units as a header has at least. */
export function markUnused(address: u32, units: u32): void {
  const block = at(address)
  store<u32>(block, 0)
  setHead(block, 0)
  store<u32>(block, (units - headerUnits) << unitBits, 12)
  store<u32>(block, 0, 16)
}

function padded(length: u32): usize {
  return (length + 3) & ~3
}
