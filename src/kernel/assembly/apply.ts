/**
 * Takes rows in, in passes: hash all; read all their slots, then their blocks, so that the cache misses overlap; then
 * apply one after the other. Applying looks everything up again, so the earlier reads are only a hint to the processor.
 */
import { headerBytes, keyIsNumber, respelled, tailHeadBytes } from '../constants/block'
import { allocateWithinLimit } from './arena'
import {
  at,
  headOf,
  isNumber,
  isRemembered,
  keyLengthOf,
  nextOf,
  offsetOf,
  placeFrom,
  putInPlace,
  replacing,
  setHead,
  setNext,
  setOrigin,
  sideBit,
  sideOf,
  sidesOf,
  tailBytesFor,
  tailed,
  unitsFor,
  writeKey,
} from './block'
import {
  carriedAt,
  carriedLengthAt,
  isRespelledAt,
  keyAt,
  keyIsNumberAt,
  keyLengthAt,
  numberToldAt,
  offsetAt,
  partAt,
  partitionAt,
  partLengthAt,
  setReason,
  sideAt,
  spellingAt,
  spellingLengthAt,
  timestampAt,
} from './columns'
import { copyWords, restOf } from './copy'
import { knownHashOf, takeHashed } from './cut'
import { defer } from './deferred'
import { supersede } from './departure'
import { hashOf } from './hash'
import { hasRoom, homeOf, insert, insertAt, pageOf, slotAfter, slotOf } from './hash-index'
import { complete } from './last-part'
import { fullBitOf, isAtLimit, isComplete, isList, sidesWith, tells } from './lists'
import { noteArrival, pagesPerPass, pagesPerRow, passRows } from './log'
import { isForgotten } from './remembered'
import { hasPages } from './segments'
import {
  allSides,
  carries,
  completedReason,
  confirmed,
  duplicateReason,
  duplicates,
  lateReason,
  latestSides,
  listFullReason,
  listSides,
  mergesStored,
  outputRoom,
  quorum,
  requiredSides,
  slotPages,
} from './state'
import { claimKey, disclaim, isWhole, mergeStored, NOT_NEEDED } from './stored-merge'
import { forgetTraced, tellTraced } from './traced-merges'

const lineBytes: usize = 64

const hashes = memory.data(4 * passRows, 16)
const heads = memory.data(4 * passRows, 16)
/** Keeps the reads of `touch` alive; its value means nothing. */
const touched = memory.data(8, 16)
/** Whether rows have one part of each side, and are merged when the last one comes, which is not stored. */
let isPlain: bool = false

/**
 * Takes in the current rows; returns how many: fewer than `count` when the next does not fit, or no room for output is
 * left.
 */
export function apply(count: u32): u32 {
  forgetTraced()
  const taken = applyPasses(count)
  tellTraced()
  return taken
}

function applyPasses(count: u32): u32 {
  const isHashed = takeHashed()
  isPlain = listSides == 0 && quorum == 0 && mergesStored == 0
  for (let from: u32 = 0; from < count; from += passRows) {
    if (!hasPages(pagesPerPass)) return from
    const rows = min(passRows, count - from)
    if (isHashed) takeHashes(from, rows)
    else hashAll(from, rows)
    touch(rows)
    for (let i: u32 = 0; i < rows; i++) {
      const hash = load<u32>(hashes + (i << 2))
      if (outputRoom == 0 || (hash != 0 && !applyRow(hash, from + i))) return from + i
    }
  }
  return count
}

function hashAll(from: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const row = from + i
    const key = keyAt(row)
    store<u32>(hashes + (i << 2), sideAt(row) < 0 ? 0 : hashOf(key, key + keyLengthAt(row), keyIsNumberAt(row)))
  }
}

/** The same where the hashes are known. */
function takeHashes(from: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const row = from + i
    store<u32>(hashes + (i << 2), sideAt(row) < 0 ? 0 : knownHashOf(row))
  }
}

/**
 * Reads what the pass is going to need, so that the cache misses overlap. The loops that miss do not branch on what
 * they read, because a mispredicted branch would wait for the miss.
 */
function touch(rows: u32): void {
  let read: u32 = 0
  for (let i: u32 = 0; i < rows; i++) {
    const hash = load<u32>(hashes + (i << 2))
    read ^= load<u32>(homeOf(pageOf(hash), hash))
  }
  for (let i: u32 = 0; i < rows; i++) store<u32>(heads + (i << 2), firstWith(load<u32>(hashes + (i << 2))))
  for (let i: u32 = 0; i < rows; i++) {
    const block = at(load<u32>(heads + (i << 2)))
    read ^= load<u32>(block) ^ load<u32>(block + lineBytes) ^ load<u32>(block + 2 * lineBytes)
    store<u32>(heads + (i << 2), nextOf(block))
  }
  for (let i: u32 = 0; i < rows; i++) {
    const block = at(load<u32>(heads + (i << 2)))
    read ^= load<u32>(block) ^ load<u32>(block + lineBytes) ^ load<u32>(block + 2 * lineBytes)
  }
  store<u32>(touched, load<u32>(touched) ^ read)
}

/** Address of the first row with this hash, which need not be the key that is meant; 0 when there is none. */
function firstWith(hash: u32): u32 {
  const page = pageOf(hash)
  let slot = homeOf(page, hash)
  while (load<u32>(slot) != hash && load<u32>(slot) != 0) slot = slotAfter(page, slot)
  return load<u32>(slot) == 0 ? 0 : load<u32>(slot, 4)
}

/** Returns false, and leaves no trace, when there is no room for the row. */
function applyRow(hash: u32, row: u32): bool {
  const slot = find(hash, row)
  if (isPlain) return applyPlain(slot, hash, row)
  if (load<u32>(slot) == 0) return begin(slot, hash, row)
  const present = headOf(at(load<u32>(slot, 4)))
  const side = sideBit(sideAt(row))
  if ((present & side) != 0) return addAgain(slot, row)
  if (sidesOf(present | side) == allSides && mergesStored == 0) return complete(slot, row)
  return add(slot, row)
}

/** The same where rows are plain, at the slot of the row: the ways of `begin` and `add` without what they ask there. */
function applyPlain(slot: usize, hash: u32, row: u32): bool {
  const side = sideBit(sideAt(row))
  if (load<u32>(slot) == 0) {
    const pages = slotPages
    if (!hasRoom(hash)) return false
    const keyLength = keyLengthAt(row)
    const address = keep(hash, row, keyLength, side | keyLength, 0, 0)
    if (address == 0) return false
    if (slotPages == pages) insertAt(slot, hash, address)
    else insert(hash, address)
    return true
  }
  const block = at(load<u32>(slot, 4))
  const present = headOf(block)
  if ((present & side) != 0) return addAgain(slot, row)
  if (sidesOf(present | side) == allSides) return complete(slot, row)
  // The side is marked last, as in `add`.
  const address = keep(hash, row, 0, 0, nextOf(block), 0)
  if (address == 0) return false
  setNext(block, address)
  setHead(block, present | side)
  return true
}

/** The first part of a row. */
function begin(slot: usize, hash: u32, row: u32): bool {
  const pages = slotPages
  if (!hasRoom(hash)) return false
  const keyLength = keyLengthAt(row)
  const head = sidesWith(keyLength, 0, row)
  // Only a part that says that a list is empty can be all that a row needs.
  const isMerge = listSides != 0 && isWhole(head)
  const keyMemory = isMerge ? claimKey(keyLength) : NOT_NEEDED
  if (keyMemory == 0) return false
  const address = keep(hash, row, keyLength, head, 0, 0)
  if (address == 0) {
    disclaim(keyMemory, keyLength)
    return false
  }
  if (slotPages == pages) insertAt(slot, hash, address)
  else insert(hash, address)
  if (isMerge) mergeStored(slotOf(pageOf(hash), hash, address), keyMemory)
  return true
}

/** A further part of a row, which may be merged with it. */
function add(slot: usize, row: u32): bool {
  const head = load<u32>(slot, 4)
  const block = at(head)
  const keyLength = keyLengthOf(block)
  const sides = sidesWith(headOf(block), head, row)
  const isMerge = isWhole(sides)
  if (listSides != 0 && !hasPages(pagesPerRow)) return false
  const keyMemory = isMerge ? claimKey(keyLength) : NOT_NEEDED
  if (keyMemory == 0) return false
  // The side is marked last: a part that does not fit any more must leave no trace.
  const address = keep(load<u32>(slot), row, 0, 0, nextOf(block), 0)
  if (address == 0) {
    disclaim(keyMemory, keyLength)
    return false
  }
  setNext(block, address)
  setHead(block, sides)
  if (isMerge) mergeStored(slot, keyMemory)
  return true
}

/** A part of a side that the row has: of a list, in place of the one before, or none that is wanted, for all that is known. */
function addAgain(slot: usize, row: u32): bool {
  const head = load<u32>(slot, 4)
  const block = at(head)
  const side = sideAt(row)
  if (isRemembered(block)) {
    if (<f64>offsetOf(block) >= confirmed) defer(row)
    else refuseDuplicate(row, reasonAfterMerge(side))
  } else if (isList(side) && !isComplete(headOf(block), side)) {
    if (!isAtLimit(head, side)) return add(slot, row)
    setReason(row, listFullReason)
  } else if (((latestSides >>> side) & 1) != 0) return replaceLatest(slot, row)
  else refuseDuplicate(row, duplicateReason)
  return true
}

function refuseDuplicate(row: u32, reason: u32): void {
  setReason(row, reason)
  duplicates++
}

/** Of a part whose key has been merged: it may have been merged without this side. */
function reasonAfterMerge(side: u32): u32 {
  const needed = isList(side) ? fullBitOf(side) : sideBit(side)
  return quorum != 0 || (sidesOf(needed) & requiredSides) == 0 ? lateReason : completedReason
}

/** Puts the part of a row in place of the one of its side. */
function replaceLatest(slot: usize, row: u32): bool {
  const hash = load<u32>(slot)
  let before: u32 = 0
  let address = load<u32>(slot, 4)
  while (sideOf(at(address)) != sideAt(row)) {
    before = address
    address = nextOf(at(address))
  }
  const keyLength = keyLengthOf(at(address))
  const replacement = keep(hash, row, keyLength, 0, 0, address)
  if (replacement == 0) return false
  putInPlace(slot, before, address, replacement)
  return true
}

/** The slot of the row, or the free one that it would take. */
function find(hash: u32, row: u32): usize {
  const page = pageOf(hash)
  let slot = homeOf(page, hash)
  while (true) {
    const known = load<u32>(slot)
    if (known == 0 || (known == hash && hasKey(at(load<u32>(slot, 4)), row))) return slot
    slot = slotAfter(page, slot)
  }
}

/** Whether a row, or what is remembered of one, has the key of a record: of the same type, and the same bytes. */
function hasKey(block: usize, row: u32): bool {
  const length = keyLengthAt(row)
  if (keyLengthOf(block) != length || isNumber(block) != keyIsNumberAt(row) || isForgotten(block)) return false
  let known = block + headerBytes
  let key = keyAt(row)
  for (const whole = key + (length & ~3); key < whole; key += 4, known += 4) {
    if (load<u32>(known) != load<u32>(key)) return false
  }
  return (length & 3) == 0 || load<u32>(known) == restOf(key, length)
}

/**
 * Stores the part of a row, with its key if it is the head of its row, notes that it came, and returns where it is; 0,
 * and nothing has happened, when it does not fit.
 *
 * @param replaced - Address of the part in whose place it comes; 0 of none.
 */
function keep(hash: u32, row: u32, keyLength: u32, head: u32, next: u32, replaced: u32): u32 {
  const partLength = partLengthAt(row)
  const tailBytes = tailBytesAt(row)
  const address = allocateWithinLimit(unitsFor(keyLength, spellingLengthAt(row), partLength, tailBytes))
  if (address == 0) return 0
  if (replaced != 0) supersede(hash, replaced)
  const block = at(address)
  const place = placeFrom(sideAt(row), partitionAt(row))
  const flags = (isRespelledAt(row) ? respelled : 0) | (keyIsNumberAt(row) ? keyIsNumber : 0)
  const offset = offsetAt(row)
  store<u32>(block, hash)
  setNext(block, next)
  setHead(block, head)
  store<u32>(block, partLength | (tailBytes == 0 ? 0 : tailed), 12)
  setOrigin(block, place | flags | (replaced == 0 ? 0 : replacing), offset, timestampAt(row))
  let to = keyLength == 0 ? block + headerBytes : writeKey(block, keyAt(row), keyLength)
  if (isRespelledAt(row)) {
    const spellingLength = spellingLengthAt(row)
    store<u32>(to, spellingLength)
    to = copyWords(to + 4, spellingAt(row), spellingLength)
  }
  to = copyWords(to, partAt(row), partLength)
  if (tailBytes != 0) writeTail(to, row)
  noteArrival(hash, place, offset)
  return address
}

/** 0 of a part without a tail. */
function tailBytesAt(row: u32): u32 {
  if (listSides == 0 && !carries) return 0
  const carriedLength = carriedLengthAt(row)
  return tells(sideAt(row)) || carriedLength != 0 ? tailBytesFor(carriedLength) : 0
}

function writeTail(to: usize, row: u32): void {
  const carriedLength = carriedLengthAt(row)
  store<u32>(to, numberToldAt(row))
  store<u32>(to, carriedLength, 4)
  copyWords(to + tailHeadBytes, carriedAt(row), carriedLength)
}
