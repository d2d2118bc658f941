/**
 * Writes merged records: `{"<key name>":<key>,"<side>":<part>,…}`, parts byte for byte in declared order, straight from
 * the arena and from the record that completed the row, which is never stored.
 * The key leaves in the spelling of the first declared side, the record's key is the canonical key, its partition
 * Java's default, its timestamp the greatest of the parts', its one header says where they came from. Where a program
 * makes something else of it, TypeScript is handed the record and publishes what comes of it.
 */
import { PUBLISHED } from '../constants/outcome'
import {
  at,
  afterKey,
  hasTail,
  isRespelled,
  nextOf,
  offsetOf,
  partLengthOf,
  partitionIn,
  partOf,
  placeOf,
  sideOf,
  timestampOf,
} from './block'
import { blockOf, blocks, carriedIn, carriedLengthIn, firstCarrying, noSide } from './carried-parts'
import {
  carriedLengthAt,
  keyAt,
  keyLengthAt,
  offsetAt,
  partAt,
  partitionAt,
  partLengthAt,
  sideAt,
  timestampAt,
} from './columns'
import { copyOver, restOf } from './copy'
import { beginRecord, borrow, endRecord, giveBack, hasSpace, spend, varintLength, writeVarint } from './output'
import { ownSpellingLength, plainSpellingLength, writeOwnSpelling, writePlainSpelling } from './spelling'
import {
  earliestMs,
  isHandedOver,
  latestMs,
  partitionCount,
  recordBytesMax,
  refusedTimeReason,
  sideCount,
  tooLargeReason,
} from './state'
import { handed } from './table-imports'
import { noteTraced, tellTraced } from './traced-merges'

const CLOSE_BRACE: u32 = 0x7d

/** An outcome of a row that is only known here: there is no memory for it, and nothing has happened. */
export const NO_MEMORY: i32 = -2

/** Of a record that bears none. */
const NO_TIMESTAMP: i64 = -1

/** `{"<key name>":`, then `,"<side>":` for each, and how the headers begin: address and length, two words each. */
export const literals = memory.data(8 * 18, 16)

/** Publishes the row at `head` with the part of `row`, whose side the row lacks; returns what becomes of it. */
export function publish(head: u32, row: u32): i32 {
  const completing = sideAt(row)
  const partLength = partLengthAt(row)
  let timestamp = timestampAt(row)
  let valueLength = load<u32>(literals, 4) + partLength + 1
  for (let side: u32 = 1; side <= sideCount; side++) valueLength += load<u32>(literals + (side << 3), 4)
  let originsLength = varintLength(partitionAt(row)) + varintLength(offsetAt(row))
  let carriesSome = carriedLengthAt(row) != 0
  store<u32>(blocks + (completing << 2), 0)
  for (let address = head; address != 0;) {
    const block = at(address)
    store<u32>(blocks + (sideOf(block) << 2), <u32>block)
    valueLength += partLengthOf(block)
    originsLength += varintLength(partitionIn(placeOf(block))) + varintLength(offsetOf(block))
    timestamp = max<i64>(timestamp, timestampOf(block))
    carriesSome = carriesSome || hasTail(block)
    address = nextOf(block)
  }
  const key = keyAt(row)
  const keyLength = keyLengthAt(row)
  valueLength += spellingLength(row)
  const headersLength = load<u32>(literals + ((sideCount + 1) << 3), 4) + varintLength(originsLength) + originsLength
  if (isHandedOver) {
    const carrying = carriesSome ? firstCarrying(row) : noSide
    const carriedLength = carrying == noSide ? 0 : carriedLengthIn(carrying, row)
    const record = borrow(keyLength + valueLength + headersLength + carriedLength)
    if (record == 0) return NO_MEMORY
    const value = copyOver(record, key, keyLength)
    const headers = writeValue(value, row)
    const carried = writeHeaders(headers, row, originsLength)
    const end = carriedLength == 0 ? carried : copyOver(carried, carriedIn(carrying, row), carriedLength)
    spend(<u32>(end - record))
    if (carriesSome) {
      noteTraced(row)
      // At once: the record may carry the span on.
      tellTraced()
    }
    const outcome = handed(row, record, value, headers, carried, end, <f64>timestamp, <f64>leastTimestamp(row))
    giveBack()
    return outcome
  }
  if (keyLength + valueLength + headersLength > recordBytesMax) return tooLargeReason
  if (!isTaken(timestamp)) return refusedTimeReason
  if (!hasSpace(keyLength + valueLength + headersLength)) return NO_MEMORY
  if (carriesSome) noteTraced(row)

  const partition = partitionOf(key, keyLength)
  const to = copyOver(beginRecord(partition, timestamp, keyLength, valueLength, headersLength), key, keyLength)
  endRecord(partition, writeHeaders(writeValue(writeVarint(to, valueLength), row), row, originsLength))
  return PUBLISHED
}

/** The least of the parts that bear one. */
function leastTimestamp(row: u32): i64 {
  let least = timestampAt(row)
  for (let side: u32 = 0; side < sideCount; side++) {
    const block = blockOf(side)
    const timestamp = block == 0 ? NO_TIMESTAMP : timestampOf(block)
    if (timestamp != NO_TIMESTAMP && (least == NO_TIMESTAMP || timestamp < least)) least = timestamp
  }
  return least
}

function writeValue(to: usize, row: u32): usize {
  to = writeLiteral(to, 0)
  to = writeSpelling(to, row)
  for (let side: u32 = 0; side < sideCount; side++) {
    to = writeLiteral(to, side + 1)
    const block = blockOf(side)
    to = block == 0 ? copyOver(to, partAt(row), partLengthAt(row)) : copyOver(to, partOf(block), partLengthOf(block))
  }
  store<u8>(to, CLOSE_BRACE)
  return to + 1
}

/** Writes the headers with their count. */
function writeHeaders(to: usize, row: u32, originsLength: u32): usize {
  return writeOrigins(writeVarint(writeLiteral(to, sideCount + 1), originsLength), row)
}

/** Whether the sink takes a record of this time. */
export function isTaken(timestamp: i64): bool {
  return timestamp == NO_TIMESTAMP || (<f64>timestamp >= earliestMs && <f64>timestamp <= latestMs)
}

/** Writes partition and offset of each part, in declared order. */
function writeOrigins(to: usize, row: u32): usize {
  for (let side: u32 = 0; side < sideCount; side++) {
    const block = blockOf(side)
    to = writeVarint(to, block == 0 ? partitionAt(row) : partitionIn(placeOf(block)))
    to = writeVarint(to, block == 0 ? offsetAt(row) : offsetOf(block))
  }
  return to
}

/** The partition that Java's default partitioner chooses for a key. */
function partitionOf(key: usize, length: u32): u32 {
  return (murmur2(key, length) & 0x7fffffff) % partitionCount
}

/**
 * The hash by which Kafka's Java producer picks a partition, so that a merged record lies where any Java client would
 * have put its key. Reads up to three bytes after the key.
 *
 * @see org.apache.kafka.common.utils.Utils.murmur2
 */
export function murmur2(key: usize, length: u32): u32 {
  let h: u32 = 0x9747b28c ^ length
  const whole = key + (length & ~3)
  for (let from = key; from < whole; from += 4) {
    let k = load<u32>(from) * 0x5bd1e995
    k ^= k >>> 24
    h = (h * 0x5bd1e995) ^ (k * 0x5bd1e995)
  }
  if (length & 3) h = (h ^ restOf(whole, length)) * 0x5bd1e995
  h ^= h >>> 13
  h *= 0x5bd1e995
  return h ^ (h >>> 15)
}

function writeLiteral(to: usize, index: u32): usize {
  const literal = literals + (index << 3)
  return copyOver(to, load<u32>(literal), load<u32>(literal, 4))
}

/** Bytes of the key as the first declared side wrote it. */
function spellingLength(row: u32): u32 {
  const first = blockOf(0)
  if (first == 0) return ownSpellingLength(row)
  return isRespelled(first) ? load<u32>(afterKey(first)) : plainSpellingLength(row)
}

function writeSpelling(to: usize, row: u32): usize {
  const first = blockOf(0)
  if (first == 0) return writeOwnSpelling(to, row)
  return isRespelled(first)
    ? copyOver(to, afterKey(first) + 4, load<u32>(afterKey(first)))
    : writePlainSpelling(to, row)
}
