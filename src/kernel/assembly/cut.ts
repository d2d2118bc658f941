/**
 * Rows of other shards: cuts those out of the current rows whose keys belong elsewhere, one after the other for each
 * shard, and makes rows current that another shard has cut out.
 */
import { columnsRowsMax, KEY_IS_NUMBER, KEY_RESPELLED } from '../constants/columns'
import { cutGapBytes, shardsMax, sideElsewhere } from '../constants/cut-row'
import {
  carriedAt,
  carriedEnds,
  carriedLengthAt,
  carriedStarts,
  flags,
  keyAt,
  keyEnds,
  keyIsNumberAt,
  keyLengthAt,
  keyStarts,
  lanes,
  numbersTold,
  numberToldAt,
  offsets,
  partAt,
  partEnds,
  partLengthAt,
  partStarts,
  reasons,
  setBases,
  sideAt,
  sides,
  spellingAt,
  spellingEnds,
  spellingLengthAt,
  spellingStarts,
  timestamps,
} from './columns'
import { copyOver } from './copy'
import { hashOf } from './hash'

// A row that is cut out: what is at these places, and then its key, its spelling, its part and the headers it carries.
const cutOffset: usize = 0
const cutTimestamp: usize = 8
const cutPartLength: usize = 16
const cutSpellingLength: usize = 20
const cutCarriedLength: usize = 24
const cutNumberTold: usize = 28
const cutKeyLength: usize = 32
const cutSide: usize = 34
const cutFlags: usize = 35
const cutHash: usize = 36
const cutLane: usize = 40
const cutHeadBytes: u32 = 41

/** Of each current row: the hash of its key, and the shard. */
const rowHashes = memory.data(4 * columnsRowsMax, 16)
const shards = memory.data(columnsRowsMax, 16)
/** By shard: how many rows are cut out for it, and their bytes. */
export const cutCounts = memory.data(4 * shardsMax, 16)
export const cutSizes = memory.data(4 * shardsMax, 16)
/** By shard: where its next row is written. */
const ends = memory.data(4 * shardsMax, 16)

/** Whether the hashes of the current rows are known; said once. */
let areHashed: bool = false

/** Takes what is known of the hashes of the current rows; returns whether that is so. */
export function takeHashed(): bool {
  const were = areHashed
  areHashed = false
  return were
}

/** The hash of a row, where it is known. */
export function knownHashOf(row: u32): u32 {
  return load<u32>(rowHashes + (row << 2))
}

/** The shard that keys of this hash belong to: equal ranges of hashes, so an index has all pages that its rows need. */
function shardOf(hash: u32, shardCount: u32): u32 {
  return <u32>((<u64>hash * shardCount) >>> 32)
}

/**
 * Finds the shards of the current rows, and how much is to be cut out for each; returns the bytes of all with their
 * gaps.
 *
 * @param own - The shard whose rows stay; `shardCount` where none do.
 */
export function measureCut(count: u32, own: u32, shardCount: u32): u32 {
  memory.fill(cutCounts, 0, 4 * shardsMax)
  memory.fill(cutSizes, 0, 4 * shardsMax)
  for (let row: u32 = 0; row < count; row++) {
    store<u8>(shards + row, own)
    if (sideAt(row) < 0) continue
    const key = keyAt(row)
    const keyLength = keyLengthAt(row)
    const hash = hashOf(key, key + keyLength, keyIsNumberAt(row))
    store<u32>(rowHashes + (row << 2), hash)
    const shard = shardOf(hash, shardCount)
    if (shard != own) {
      store<u8>(shards + row, shard)
      add(cutCounts, shard, 1)
      add(cutSizes, shard, cutBytesOf(row))
    }
  }
  areHashed = true
  let total: u32 = 0
  for (let shard: u32 = 0; shard < shardCount; shard++) total += load<u32>(cutSizes + (shard << 2)) + cutGapBytes
  return total
}

/** Cuts out, to `to`, what was measured. */
export function cutOut(count: u32, own: u32, shardCount: u32, to: usize): void {
  for (let shard: u32 = 0; shard < shardCount; shard++) {
    store<u32>(ends + (shard << 2), <u32>to)
    to += load<u32>(cutSizes + (shard << 2)) + cutGapBytes
  }
  for (let row: u32 = 0; row < count; row++) {
    const shard = <u32>load<u8>(shards + row)
    if (shard == own) continue
    const end = ends + (shard << 2)
    store<u32>(end, <u32>writeCut(load<u32>(end), row))
    store<i8>(sides + row, sideElsewhere)
  }
}

/** How much there is of a row when it is cut out. */
export function cutBytesOf(row: u32): u32 {
  return cutHeadBytes + keyLengthAt(row) + spellingLengthAt(row) + partLengthAt(row) + carriedLengthAt(row)
}

/** Cuts a row out, whose hash is known; returns where it ends. */
export function writeCut(at: usize, row: u32): usize {
  const keyLength = keyLengthAt(row)
  const spellingLength = spellingLengthAt(row)
  const partLength = partLengthAt(row)
  const carriedLength = carriedLengthAt(row)
  store<f64>(at, load<f64>(offsets + (row << 3)), cutOffset)
  store<f64>(at, load<f64>(timestamps + (row << 3)), cutTimestamp)
  store<u32>(at, partLength, cutPartLength)
  store<u32>(at, spellingLength, cutSpellingLength)
  store<u32>(at, carriedLength, cutCarriedLength)
  store<u32>(at, numberToldAt(row), cutNumberTold)
  store<u16>(at, <u16>keyLength, cutKeyLength)
  store<i8>(at, <i8>sideAt(row), cutSide)
  store<u8>(at, load<u8>(flags + row) & (KEY_IS_NUMBER | KEY_RESPELLED), cutFlags)
  store<u32>(at, load<u32>(rowHashes + (row << 2)), cutHash)
  store<u8>(at, load<u8>(lanes + row), cutLane)
  let to = copyOver(at + cutHeadBytes, keyAt(row), keyLength)
  if (spellingLength != 0) to = copyOver(to, spellingAt(row), spellingLength)
  to = copyOver(to, partAt(row), partLength)
  return carriedLength == 0 ? to : copyOver(to, carriedAt(row), carriedLength)
}

/** Makes rows current that were cut out, and begin at `at`; returns where those after them begin. */
export function placeCut(at: usize, count: u32): usize {
  setBases(0, 0)
  areHashed = true
  for (let row: u32 = 0; row < count; row++) {
    store<f64>(offsets + (row << 3), load<f64>(at, cutOffset))
    store<f64>(timestamps + (row << 3), load<f64>(at, cutTimestamp))
    store<u32>(numbersTold + (row << 2), load<u32>(at, cutNumberTold))
    store<i8>(sides + row, load<i8>(at, cutSide))
    store<u8>(reasons + row, 0)
    store<u8>(flags + row, load<u8>(at, cutFlags))
    store<u8>(lanes + row, load<u8>(at, cutLane))
    store<u32>(rowHashes + (row << 2), load<u32>(at, cutHash))
    let to = place(keyStarts, keyEnds, row, at + cutHeadBytes, load<u16>(at, cutKeyLength))
    to = place(spellingStarts, spellingEnds, row, to, load<u32>(at, cutSpellingLength))
    to = place(partStarts, partEnds, row, to, load<u32>(at, cutPartLength))
    at = place(carriedStarts, carriedEnds, row, to, load<u32>(at, cutCarriedLength))
  }
  return at
}

/** Says of a column where bytes are; returns where they end. */
function place(starts: usize, ends: usize, row: u32, at: usize, length: u32): usize {
  store<u32>(starts + (row << 2), <u32>at)
  store<u32>(ends + (row << 2), <u32>at + length)
  return at + length
}

function add(counts: usize, shard: u32, more: u32): void {
  const count = counts + (shard << 2)
  store<u32>(count, load<u32>(count) + more)
}
