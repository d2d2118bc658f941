/**
 * A table of rows in versions, over the arena and the index of the pending table. `../versioned-rows.ts` is its face.
 *
 * State: the index leads from the hash of a key to its newest version, and each version to the one before; where the
 * table is ordered, so does `order`. A key whose newest version is a deletion is still there. Invariant: stamps fall
 * from version to version of a row. A version that somebody may read is not written again but for its link and the mark
 * that there is a later one; a change takes effect by one store of an address. Where the memory is shared, one thread changes
 * rows and others find them meanwhile: `sequence.ts` says how.
 */
import { unitBits } from '../constants/block'
import { KEPT, REPLACED, rowKeyBytesMax, threadsMax, TOMBSTONE, TORN } from '../constants/row-version'
import { segmentBits } from '../constants/segments'
import { filled } from './arena'
import { at } from './block'
import { hashOf } from './hash'
import { hasRoom, homeOf, insert, pageOf, removeAt, slotAfter, startIndex } from './hash-index'
import { add, next, previous, removeKey, replaceAddress, seek, seekEnd } from './order'
import { take } from './parked'
import { BLOCKS, kindOf, RUN } from './segments'
import { beginChange, beginSearch, endChange, endsTorn, isTorn, useWordOf } from './sequence'
import { segmentCount, seedHigh, seedLow, unitsMax } from './state'
import {
  asOf,
  compare,
  DELETED,
  freeVersion,
  hashIn,
  isDeleted,
  isSame,
  isSuperseded,
  keyLengthOf,
  keyOf,
  markSuperseded,
  olderOf,
  setOlder,
  stampOf,
  unitsFor,
  unitsOf,
  write,
  writeAgain,
} from './version'

export { liveUnits, segmentCount, usedSegments } from './state'

/** 16 bytes more than a key has, because a hash reads after the end. */
const keyBytes: u32 = rowKeyBytesMax + 16
/** The key that each thread asks for; the thread that changes rows is the first. */
const keys = memory.data(threadsMax * keyBytes, 16)
/** The key that this thread asks for, and the last one of a range. */
export let key = keys
export const lastKey = memory.data(keyBytes, 16)
/** Addresses that a scan has found, at most so many. */
const foundMax: u32 = 1024
export const found = memory.data(4 * foundMax, 16)

let isOrdered: bool = false

/** Of the key that is asked for. */
let keyLength: u32 = 0
let keyHash: u32 = 0

/** Where a walk over all blocks has come to. */
export let walkedSegment: u32 = 0
export let walkedUnits: u32 = 0

export function start(low: u32, high: u32, units: u32, ordered: bool): void {
  seedLow = low
  seedHigh = high
  unitsMax = units
  isOrdered = ordered
  beginChange()
  startIndex()
  endChange()
}

/** Lets an instance of another thread find rows. */
export function attach(thread: u32, low: u32, high: u32): void {
  seedLow = low
  seedHigh = high
  key = keys + thread * keyBytes
  useWordOf(thread)
}

/** Has `put` and `replace` be about the row of `key`, as each search has. */
export function ask(length: u32): void {
  keyLength = length
  keyHash = hashOf(key, key + length, false)
}

/** The same as `find` for another thread: `TORN` where a change was under way. */
export function findMeanwhile(length: u32, stamp: f64): u32 {
  if (!beginSearch()) return TORN
  const address = find(length, stamp)
  return endsTorn() ? TORN : address
}

/** The version of the row of `key` as of a commit; 0 where it is absent then. */
export function find(length: u32, stamp: f64): u32 {
  ask(length)
  const slot = slotOfKey()
  if (slot == 0) return 0
  const address = asOf(load<u32>(slot, 4), stamp)
  return address == 0 || isDeleted(at(address)) ? 0 : address
}

/** The commit that has last changed the row of `key`, also by deleting it; 0 where none is known. */
export function lastStamp(length: u32): f64 {
  ask(length)
  const slot = slotOfKey()
  return slot == 0 ? 0 : stampOf(at(load<u32>(slot, 4)))
}

/** Gives the row that was asked for another version, whose value is to be written; 0 where there is no memory for it. */
export function put(valueLength: u32, isDeletion: bool, stamp: f64): u32 {
  return putAt(slotOfKey(), valueLength, isDeletion, stamp)
}

/**
 * The same where nobody reads the version before, so that there is one at most: the new one takes its place, and where
 * it can, its block.
 *
 * @returns The address above a bit that is set where there was a version before; 0 where there is no memory for it.
 */
export function replace(valueLength: u32, stamp: f64): u32 {
  const slot = slotOfKey()
  if (slot == 0) return putAt(0, valueLength, false, stamp) << 1
  const before = load<u32>(slot, 4)
  if (unitsOf(at(before)) == unitsFor(keyLength, valueLength)) {
    writeAgain(at(before), valueLength, stamp)
    return (before << 1) | 1
  }
  const address = putAt(slot, valueLength, false, stamp)
  if (address == 0) return 0
  settle(address, -1)
  return (address << 1) | 1
}

/** Takes back the newest version of a row. */
export function undo(address: u32): void {
  beginChange()
  unlink(address)
  endChange()
}

/**
 * Drops the version before a new one, or the deleted row, unless somebody may read it.
 *
 * @param newestPinned - The newest stamp, before the new version, that is read; less than 0 where there is none.
 */
export function settle(address: u32, newestPinned: f64): u32 {
  const block = at(address)
  const older = olderOf(block)
  let outcome: u32 = 0
  beginChange()
  if (older != 0) {
    if (!isDeleted(at(older))) outcome |= REPLACED
    if (stampOf(at(older)) <= newestPinned) {
      markSuperseded(at(older))
      outcome |= KEPT
    } else {
      setOlder(block, olderOf(at(older)))
      freeVersion(older)
    }
  }
  if (isDeleted(block)) {
    if (newestPinned >= 0) outcome |= TOMBSTONE
    else removeRow(address)
  }
  endChange()
  return outcome
}

/** Takes a row out at once, of which nobody reads a version, so that there is one; false where it is absent. */
export function remove(length: u32): bool {
  ask(length)
  const slot = slotOfKey()
  if (slot == 0) return false
  const address = load<u32>(slot, 4)
  beginChange()
  if (isOrdered) removeKey(key, keyLength)
  removeAt(slot, keyHash)
  freeVersion(address)
  endChange()
  return true
}

/** Drops a version that has been kept for somebody. */
export function drop(address: u32): void {
  let newer = headAbove(address)
  while (olderOf(at(newer)) != address) newer = olderOf(at(newer))
  beginChange()
  setOlder(at(newer), olderOf(at(address)))
  freeVersion(address)
  endChange()
}

/** Drops a deleted row, unless it has been written again since. */
export function dropTombstone(address: u32, stamp: f64): void {
  const block = at(address)
  if (hashIn(block) == 0 || stampOf(block) != stamp || isSuperseded(block)) return
  beginChange()
  removeRow(address)
  endChange()
}

export function stampAt(address: u32): f64 {
  return stampOf(at(address))
}

/**
 * Finds rows of an ordered table from `key`, or after it, up to `lastKey` where `hasLast`, as of a commit.
 *
 * @returns How many addresses are in `found`; fewer than `countMax` at the end of the range.
 */
export function scan(
  length: u32,
  isAfter: bool,
  hasLast: bool,
  lastLength: u32,
  isOpen: bool,
  stamp: f64,
  countMax: u32,
): u32 {
  seek(key, length, isAfter)
  let count: u32 = 0
  while (count < min(countMax, foundMax)) {
    const head = nextUpTo(hasLast, lastLength, isOpen)
    if (head == 0) break
    const address = asOf(head, stamp)
    if (address != 0 && !isDeleted(at(address))) store<u32>(found + (count++ << 2), address)
  }
  return count
}

/** The same from the end of the range to its beginning. */
export function scanBack(
  length: u32,
  isAfter: bool,
  hasLast: bool,
  lastLength: u32,
  isOpen: bool,
  stamp: f64,
  countMax: u32,
): u32 {
  if (hasLast) seek(lastKey, lastLength, !isOpen)
  else seekEnd()
  let count: u32 = 0
  while (count < min(countMax, foundMax)) {
    const head = previousDownTo(length, isAfter)
    if (head == 0) break
    const address = asOf(head, stamp)
    if (address != 0 && !isDeleted(at(address))) store<u32>(found + (count++ << 2), address)
  }
  return count
}

/** The commit that has last changed any row of a range; 0 where none is known. */
export function lastStampIn(length: u32, isAfter: bool, hasLast: bool, lastLength: u32, isOpen: bool): f64 {
  seek(key, length, isAfter)
  let last: f64 = 0
  while (true) {
    const head = nextUpTo(hasLast, lastLength, isOpen)
    if (head == 0) return last
    last = max(last, stampOf(at(head)))
  }
}

/**
 * Goes on with a walk over all rows as of a commit, or over all of their versions, in the order of their addresses and
 * up to a segment; returns how many are in `found`, 0 at the end.
 */
export function walk(segment: u32, units: u32, untilSegment: u32, stamp: f64, isOfVersions: bool): u32 {
  let count: u32 = 0
  walkedSegment = segment
  walkedUnits = units
  const endSegment = min(untilSegment, segmentCount)
  for (; walkedSegment < endSegment; walkedSegment++, walkedUnits = 0) {
    const kind = kindOf(walkedSegment)
    if (kind != BLOCKS && kind != RUN) continue
    const end: u32 = kind == RUN ? 1 : load<u32>(filled + (walkedSegment << 2))
    while (walkedUnits < end) {
      if (count == foundMax) return count
      const address = (walkedSegment << (segmentBits - unitBits)) + walkedUnits
      walkedUnits += unitsOf(at(address))
      if (isOfVersions ? isKept(at(address)) : isVisible(address, stamp)) store<u32>(found + (count++ << 2), address)
    }
  }
  return count
}

/** Whether a block holds a value of a row. */
function isKept(block: usize): bool {
  return hashIn(block) != 0 && !isDeleted(block)
}

function isVisible(address: u32, stamp: f64): bool {
  const block = at(address)
  if (!isKept(block) || stampOf(block) > stamp) return false
  return !isSuperseded(block) || asOf(headAbove(address), stamp) == address
}

/** The next row in order, 0 after the end of the range. */
function nextUpTo(hasLast: bool, lastLength: u32, isOpen: bool): u32 {
  const head = next()
  if (head == 0 || !hasLast) return head
  const order = compare(keyOf(at(head)), keyLengthOf(at(head)), lastKey, lastLength)
  return order > 0 || (isOpen && order == 0) ? 0 : head
}

/** The row before in order, 0 before the beginning of the range. */
function previousDownTo(length: u32, isAfter: bool): u32 {
  const head = previous()
  if (head == 0) return 0
  const order = compare(keyOf(at(head)), keyLengthOf(at(head)), key, length)
  return order < 0 || (isAfter && order == 0) ? 0 : head
}

/** @param slot - That of the row; 0 where there is none. */
function putAt(slot: usize, valueLength: u32, isDeletion: bool, stamp: f64): u32 {
  // What deletes may exceed the limit, or a full table would stay full.
  const address = take(unitsFor(keyLength, valueLength), !isDeletion)
  if (address == 0) return 0
  write(at(address), keyHash, key, keyLength, isDeletion ? DELETED : 0, valueLength, stamp)
  beginChange()
  const isLinked = slot != 0 ? linkAt(slot, address) : linkNew(address)
  endChange()
  if (isLinked) return address
  freeVersion(address)
  return 0
}

/** The slot of the row; 0 where there is none. */
function slotOfKey(): usize {
  const page = pageOf(keyHash)
  let slot = homeOf(page, keyHash)
  for (; load<u32>(slot) != 0 && !isTorn(); slot = slotAfter(page, slot)) {
    if (load<u32>(slot) != keyHash) continue
    const block = at(load<u32>(slot, 4))
    if (keyLengthOf(block) == keyLength && isSame(keyOf(block), key, keyLength)) return slot
  }
  return 0
}

/** The slot of the row to which a version belongs. */
function slotOf(address: u32): usize {
  const hash = hashIn(at(address))
  const page = pageOf(hash)
  let slot = homeOf(page, hash)
  while (load<u32>(slot) != hash || !isInChain(load<u32>(slot, 4), address)) {
    if (load<u32>(slot) == 0) unreachable()
    slot = slotAfter(page, slot)
  }
  return slot
}

/** The newest version of that row. */
function headAbove(address: u32): u32 {
  return load<u32>(slotOf(address), 4)
}

function isInChain(head: u32, address: u32): bool {
  let version = head
  while (version != 0 && version != address) version = olderOf(at(version))
  return version != 0
}

function linkAt(slot: usize, address: u32): bool {
  setOlder(at(address), load<u32>(slot, 4))
  store<u32>(slot, address, 4)
  if (isOrdered) replaceAddress(key, keyLength, address)
  return true
}

/** False where there is no memory for it. */
function linkNew(address: u32): bool {
  if (!hasRoom(keyHash) || (isOrdered && !add(key, keyLength, address))) return false
  insert(keyHash, address)
  return true
}

function unlink(address: u32): void {
  const block = at(address)
  const older = olderOf(block)
  if (older == 0) return removeRow(address)
  store<u32>(slotOf(address), older, 4)
  if (isOrdered) replaceAddress(keyOf(block), keyLengthOf(block), older)
  freeVersion(address)
}

/** Takes a row with one version out. */
function removeRow(address: u32): void {
  const block = at(address)
  if (isOrdered) removeKey(keyOf(block), keyLengthOf(block))
  removeAt(slotOf(address), hashIn(block))
  freeVersion(address)
}
