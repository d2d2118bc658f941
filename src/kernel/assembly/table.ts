/**
 * The parts that wait for their others: `PendingTable` in `../pending-table.ts` is its face and says what it promises.
 *
 * Steps for a pass of rows: hash all; read all their slots, then their blocks, so that the cache misses overlap; then
 * apply one after the other. Applying looks everything up again, so the earlier reads are only a hint to the processor.
 */
import { allocateWithinLimit, free } from './arena'
import {
  at,
  headOf,
  isNumber,
  keyIsNumber,
  headerBytes,
  isRemembered,
  nextOf,
  offsetOf,
  placeOf,
  respelled,
  setHead,
  setNext,
  setOrigin,
  sideOf,
  unitsFor,
  unitsOf,
  writeKey,
} from './block'
import {
  isRespelledAt,
  keyAt,
  keyIsNumberAt,
  keyLengthAt,
  offsetAt,
  origin,
  partAt,
  partLengthAt,
  partitionOfRows,
  setReason,
  sideAt,
  spellingAt,
  spellingLengthAt,
  timestampAt,
} from './columns'
import { restart } from './compact'
import { copyWords, restOf } from './copy'
import { hashOf } from './hash'
import {
  hasRoom,
  homeOf,
  insert,
  insertAt,
  pageOf,
  remove,
  removeAt,
  replace,
  slotBehind,
  startIndex,
} from './hash-index'
import {
  departedBytes,
  dropLastPage,
  LEFT,
  MERGED,
  noteArrival,
  noteDeparture,
  noteRow,
  pageBefore,
  pageHeaderBytes,
  pagesPerPass,
  REFUSED,
  undoBytes,
} from './log'
import { NO_MEMORY, publish, PUBLISHED, TOO_LARGE } from './merge'
import { claim, isForgotten, remember, takeBack } from './remembered'
import { hasPages, freeSegments, RUN, segmentBits, segmentBytes, takeSegments } from './segments'
import {
  allSides,
  completedCount,
  completedReason,
  duplicateReason,
  duplicates,
  outputRoom,
  refusedTimeReason,
  seedHigh,
  seedLow,
  sideCount,
  slotPages,
  tooLargeReason,
  unitsMax,
} from './state'
import { refused } from './table-imports'

export * from './state'
export { digest, tellChanges } from './changes'
export {
  flags,
  keyEnds,
  keyStarts,
  offsets,
  origin,
  partEnds,
  partStarts,
  reasons,
  setBases,
  sides,
  spellingEnds,
  spellingStarts,
  timestamps,
} from './columns'
// Stated in TypeScript too: `../assembly-constants.test.ts` compares them.
export { unitBits } from './arena'
export { headerBytes, keyIsNumber, remembered, respelled } from './block'
export { KEY_IN_EXTRA, KEY_IS_NUMBER, KEY_RESPELLED, PART_IN_EXTRA, rowsMax } from './columns'
export { departedBytes, EXPIRED, LEFT, MERGED, pageHeaderBytes, REFUSED, undoBytes } from './log'
export { FREE, pageBytes, segmentBytes, UNTOUCHED } from './segments'

export { compact, isSparse } from './compact'
export { hashOf } from './hash'
export { directory, hasRoom, insert, pageOf, remove, slotOf } from './hash-index'
export { literals, murmur2 } from './merge'
export { flush, openOutput } from './output'
export { recall } from './remembered'
export { kinds } from './segments'
export { retain, sweep } from './sweep'

/** Rows whose cache misses are overlapped. Measured: 64 to 512 alike, 1,024 slower. */
const passRows: u32 = 256
const lineBytes: usize = 64

const hashes = memory.data(4 * 256, 16)
const heads = memory.data(4 * 256, 16)
/** Keeps the reads of `touch` alive; its value means nothing. */
const touched = memory.data(8, 16)

export function start(
  low: u32,
  high: u32,
  sides: u32,
  units: u32,
  duplicate: u32,
  tooLarge: u32,
  refusedTime: u32,
  completed: u32,
): void {
  seedLow = low
  seedHigh = high
  sideCount = sides
  allSides = (1 << sides) - 1
  unitsMax = units
  duplicateReason = duplicate
  tooLargeReason = tooLarge
  refusedTimeReason = refusedTime
  completedReason = completed
  startIndex()
}

/** Memory for bytes that are copied in; 0 when there is none. */
export function takeStage(bytes: u32): usize {
  return (<usize>takeSegments(<u32>((<usize>bytes + segmentBytes - 1) >>> segmentBits), RUN)) << segmentBits
}

export function freeStage(stage: usize): void {
  freeSegments(<u32>(stage >>> segmentBits))
}

/** Takes in the rows at hand; returns how many: fewer than `count` when the next does not fit, or no room for output is left. */
export function apply(count: u32): u32 {
  for (let from: u32 = 0; from < count; from += passRows) {
    if (!hasPages(pagesPerPass)) return from
    const rows = min(passRows, count - from)
    hashAll(from, rows)
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
  while (load<u32>(slot) != hash && load<u32>(slot) != 0) slot = slotBehind(page, slot)
  return load<u32>(slot) == 0 ? 0 : load<u32>(slot, 4)
}

/** Returns false, and leaves no trace, when there is no room for the row. */
function applyRow(hash: u32, row: u32): bool {
  const slot = find(hash, row)
  const sideBit: u32 = 0x10000 << sideAt(row)
  if (load<u32>(slot) == 0) {
    const pages = slotPages
    if (!hasRoom(hash)) return false
    const keyLength = keyLengthAt(row)
    const address = keep(hash, row, keyLength, sideBit | keyLength, 0)
    if (address == 0) return false
    if (slotPages == pages) insertAt(slot, hash, address)
    else insert(hash, address)
    return true
  }
  const head = load<u32>(slot, 4)
  const block = at(head)
  const present = headOf(block)
  if ((present & sideBit) != 0) {
    setReason(row, isRemembered(block) ? completedReason : duplicateReason)
    duplicates++
  } else if ((present | sideBit) >>> 16 == allSides) {
    return complete(slot, row)
  } else {
    // The side is marked last: a part that does not fit any more must leave no trace.
    const address = keep(hash, row, 0, 0, nextOf(block))
    if (address == 0) return false
    setNext(block, address)
    setHead(block, present | sideBit)
  }
  return true
}

/** Lets a row leave with its last part; false, and nothing has happened, where there is no memory for it. */
function complete(slot: usize, row: u32): bool {
  if (completedReason != 0) return completeForGood(slot, row)
  const outcome = publish(load<u32>(slot, 4), row)
  if (outcome == NO_MEMORY) return false
  if (outcome == PUBLISHED) depart(slot, MERGED)
  else refuse(slot, row, outcome)
  return true
}

/** The same; the key is remembered. */
function completeForGood(slot: usize, row: u32): bool {
  const hash = load<u32>(slot)
  const head = load<u32>(slot, 4)
  const keyLength = keyLengthAt(row)
  const address = claim(keyLength)
  if (address == 0) return false
  const outcome = publish(head, row)
  if (outcome == PUBLISHED) {
    leave(hash, head, MERGED)
    remember(address, hash, completedCount++, keyAt(row), keyLength, keyIsNumberAt(row))
    store<u32>(slot, address, 4)
    return true
  }
  free(address, unitsFor(keyLength, 0, 0))
  if (outcome == NO_MEMORY) return false
  refuse(slot, row, outcome)
  return true
}

/** Lets a row leave as dead letters: the sink does not take what would be published. */
function refuse(slot: usize, row: u32, outcome: i32): void {
  const reason = outcome == TOO_LARGE ? tooLargeReason : refusedTimeReason
  refused(load<u32>(slot, 4), reason)
  setReason(row, reason)
  depart(slot, REFUSED)
}

/** The slot of the row, or the free one that it would take. */
function find(hash: u32, row: u32): usize {
  const page = pageOf(hash)
  let slot = homeOf(page, hash)
  while (true) {
    const known = load<u32>(slot)
    if (known == 0 || (known == hash && hasKey(at(load<u32>(slot, 4)), row))) return slot
    slot = slotBehind(page, slot)
  }
}

/** Whether a row, or what is remembered of one, has the key of a record: of the same type, and the same bytes. */
function hasKey(block: usize, row: u32): bool {
  const length = keyLengthAt(row)
  if ((headOf(block) & 0xffff) != length || isNumber(block) != keyIsNumberAt(row) || isForgotten(block)) return false
  let known = block + headerBytes
  let key = keyAt(row)
  for (const whole = key + (length & ~3); key < whole; key += 4, known += 4) {
    if (load<u32>(known) != load<u32>(key)) return false
  }
  return (length & 3) == 0 || load<u32>(known) == restOf(key, length)
}

/** Stores the part of a row, with its key if it is the head of its row, and returns where; 0 when it does not fit. */
function keep(hash: u32, row: u32, keyLength: u32, head: u32, next: u32): u32 {
  const spellingLength = spellingLengthAt(row)
  const partLength = partLengthAt(row)
  const units = unitsFor(keyLength, spellingLength, partLength)
  const address = allocateWithinLimit(units)
  if (address == 0) return 0
  const block = at(address)
  const place = partitionOfRows() | ((<u32>sideAt(row)) << 20)
  const flags = (isRespelledAt(row) ? respelled : 0) | (keyIsNumberAt(row) ? keyIsNumber : 0)
  const offset = offsetAt(row)
  store<u32>(block, hash)
  setNext(block, next)
  setHead(block, head)
  store<u32>(block, partLength, 12)
  setOrigin(block, place | flags, offset, timestampAt(row))
  let to = keyLength == 0 ? block + headerBytes : writeKey(block, keyAt(row), keyLength)
  if (isRespelledAt(row)) {
    store<u32>(to, spellingLength)
    to = copyWords(to + 4, spellingAt(row), spellingLength)
  }
  copyWords(to, partAt(row), partLength)
  noteArrival(hash, place, offset)
  return address
}

/** Takes the row at a slot out of the index. */
export function depart(slot: usize, how: u32): void {
  const hash = load<u32>(slot)
  leave(hash, load<u32>(slot, 4), how)
  removeAt(slot, hash)
}

/** Takes note that a row leaves; its blocks stay until the epoch has ended. */
function leave(hash: u32, head: u32, how: u32): void {
  for (let address = head; address != 0;) {
    const block = at(address)
    noteDeparture(address, unitsOf(block), hash, placeOf(block), offsetOf(block), how)
    address = nextOf(block)
  }
  noteRow(hash, head, how)
}

/** An epoch is durable: its departed blocks are freed. */
export function commit(undo: usize, departed: usize): void {
  for (let end = departed; end != 0;) {
    const page = pageBefore(end)
    for (let entry = end - departedBytes; entry >= page + pageHeaderBytes; entry -= departedBytes) {
      free(load<u32>(entry), load<u32>(entry, 4))
    }
    end = dropLastPage(page)
  }
  drop(undo)
}

/** Undoes an epoch, the last change first. */
export function rollback(undo: usize, departed: usize): void {
  for (let end = undo; end != 0;) {
    const page = pageBefore(end)
    for (let entry = end - undoBytes; entry >= page + pageHeaderBytes; entry -= undoBytes) {
      const hash = load<u32>(entry)
      if (load<u32>(entry, 12) == LEFT) bringBack(hash, load<u32>(entry, 4), load<u32>(entry, 8))
      else removeArrival(hash, load<u32>(entry, 4) & 0xfffff, load<u64>(entry, 8))
    }
    end = dropLastPage(page)
  }
  drop(departed)
  restart()
}

/** Puts a row that left into the index again. */
function bringBack(hash: u32, head: u32, how: u32): void {
  if (completedReason != 0 && how == MERGED) return replace(hash, takeBack(hash, --completedCount), head)
  hasRoom(hash)
  insert(hash, head)
}

function drop(chain: usize): void {
  for (let end = chain; end != 0;) end = dropLastPage(pageBefore(end))
}

/** Takes out the part that came from `partition` and `offset`. */
function removeArrival(hash: u32, partition: u32, offset: u64): void {
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotBehind(page, slot)) {
    if (load<u32>(slot) != hash) continue
    const head = load<u32>(slot, 4)
    if (isRemembered(at(head))) continue
    let previous: u32 = 0
    for (let address = head; address != 0;) {
      const block = at(address)
      const next = nextOf(block)
      if ((placeOf(block) & 0xfffff) == partition && offsetOf(block) == offset) {
        // The first part of a row arrived first and so is undone last.
        if (previous == 0) remove(hash, head)
        else {
          setHead(at(head), headOf(at(head)) & ~(0x10000 << sideOf(block)))
          setNext(at(previous), next)
        }
        free(address, unitsOf(block))
        return
      }
      previous = address
      address = next
    }
  }
  unreachable()
}
