/**
 * Layout of one pending part in the arena, in 32-bit words. The first part of a row is its head and carries the key;
 * further parts hang behind it.
 *
 * | word | content |
 * |---|---|
 * | 0 | hash of the key, never 0 |
 * | 1 | address of the next part of the row, 0 at the end |
 * | 2 | head: sides present as a bit set << 16, length of the key in bytes; else 0 |
 * | 3 | length of the part in bytes |
 * | 4 | flags << 24, side << 20, source partition |
 * | 5 | offset, low 32 bits |
 * | 6 | offset, next 11 bits << 21; timestamp, high 21 bits |
 * | 7 | timestamp, low 32 bits |
 *
 * A completed key that is remembered is a head with the key alone: see `remembered.ts`.
 * Behind it: the key (head), padded with zeros to whole words; the spelling (if the key was respelled), its length in
 * one word and then its bytes; the part. `../block.ts` reads it too.
 */
import { unitBits } from './arena'
import { copyWords, restOf } from './copy'

export const headerBytes: usize = 32
export const headerUnits: u32 = 2

export const keyIsNumber: u32 = 1 << 24
/** The record wrote its key otherwise than canonically, and the block keeps that spelling. */
export const respelled: u32 = 2 << 24
/** No part, but a completed key, whose number is in place of the offset. */
export const remembered: u32 = 4 << 24

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

/** Sides present << 16, and the length of the key. */
export function headOf(block: usize): u32 {
  return load<u32>(block, 8)
}

export function setHead(block: usize, head: u32): void {
  store<u32>(block, head, 8)
}

export function partLengthOf(block: usize): u32 {
  return load<u32>(block, 12)
}

/** Side << 20, and the source partition. */
export function placeOf(block: usize): u32 {
  return load<u32>(block, 16) & 0xffffff
}

export function sideOf(block: usize): u32 {
  return (load<u32>(block, 16) >>> 20) & 15
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

export function offsetOf(block: usize): u64 {
  return ((<u64>load<u32>(block, 24) >>> 21) << 32) | load<u32>(block, 20)
}

/** The high half keeps its sign: a record without a timestamp has -1. */
export function timestampOf(block: usize): i64 {
  return ((<i64>(((<i32>load<u32>(block, 24)) << 11) >> 11)) << 32) | load<u32>(block, 28)
}

/** Writes where and when a part came from. */
export function setOrigin(block: usize, flagsAndPlace: u32, offset: u64, timestamp: i64): void {
  store<u32>(block, flagsAndPlace, 16)
  store<u32>(block, <u32>offset, 20)
  store<u32>(block, ((<u32>(offset >>> 32)) << 21) | (<u32>(timestamp >> 32) & 0x1fffff), 24)
  store<u32>(block, <u32>timestamp, 28)
}

/** Writes the key of a head, padded with zeros, so that it can be compared by words; returns the place behind it. */
export function writeKey(block: usize, key: usize, length: u32): usize {
  const end = copyWords(block + headerBytes, key, length)
  if ((length & 3) != 0) store<u32>(end - 4, restOf(key + (length & ~3), length))
  return end
}

/** The place behind the key: the spelling's length where there is one, else the part. */
export function behindKey(block: usize): usize {
  return block + headerBytes + padded(headOf(block) & 0xffff)
}

export function partOf(block: usize): usize {
  const behind = behindKey(block)
  return isRespelled(block) ? behind + 4 + padded(load<u32>(behind)) : behind
}

/** Size of a block in units of 16 bytes. */
export function unitsFor(keyLength: u32, spellingLength: u32, partLength: u32): u32 {
  const spelling: usize = spellingLength == 0 ? 0 : 4 + padded(spellingLength)
  return <u32>((headerBytes + padded(keyLength) + spelling + padded(partLength) + 15) >>> unitBits)
}

/** Size in units of the block at an address. */
export function unitsOf(block: usize): u32 {
  return <u32>((partOf(block) - block + padded(partLengthOf(block)) + 15) >>> unitBits)
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
