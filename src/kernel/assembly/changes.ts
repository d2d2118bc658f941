/**
 * What an epoch changes of what is pending, by its logs: which offsets become pending or cease to be, as a bit for each
 * in chunks of 4,096, and the digest of these parts.
 *
 * A bit is turned over by the part that comes and again when it leaves, so what did both in the epoch leaves no trace,
 * and the order does not matter. So chunks that have been gathered may go to TypeScript whenever there is no room for
 * more, and gathering begins anew: bits that are told twice turn over twice.
 */
import { partitionBits, sidesMax } from '../constants/block'
import { departedBytes, LEFT, pageHeaderBytes, undoBytes } from '../constants/log'
import { partitionIn } from './block'
import { pageBefore } from './log'
import { freeOnePage, pageBytes, takePage } from './segments'
import { changed } from './table-imports'

const chunkBits: u32 = 12

// Of a chunk: its name, parts that came less those that left, what the digest grows by, 0, its bits.
const addedAt: usize = 8
const lowAt: usize = 12
const highAt: usize = 16
const bitsAt: usize = 24
const chunkBytes: usize = bitsAt + 512

/** Chunks by their names, in open addressing: where they lie. */
const slotBits: u32 = 16
const slots = memory.data(4 << 16, 16)
const slotsBytes: u32 = 4 << slotBits
const chunksMax: u32 = 3 << (slotBits - 2)
/** 2^64 divided by the golden ratio: Knuth, TAOCP vol. 3, 6.4. */
const spread: u64 = 0x9e3779b97f4a7c15

/**
 * The page of chunks that there always is; further ones are taken as they are needed. The first word leads to the page
 * before.
 */
const firstPage = memory.data(1 << 17, 16)
const chunksAt: usize = 16
let lastPage: usize = firstPage
let chunksEnd: usize = 0
let chunkCount: u32 = 0

/**
 * Tells the changes of an epoch whose logs end there, chunk by chunk, with what the digest grows by: two sums of 32 bits,
 * so equal sets of parts have equal digests in whatever order they came.
 */
export function tellChanges(undo: usize, departed: usize): void {
  clear()
  turnOverAll(undo, undoBytes, 0, 1)
  turnOverAll(departed, departedBytes, 8, -1)
  tell()
}

/** Takes all parts in whose chain has this end; where an entry says what its part was is a matter of the log. */
function turnOverAll(chain: usize, entryBytes: usize, partAt: usize, step: i32): void {
  for (let end = chain; end != 0;) {
    const page = pageBefore(end)
    for (let part = page + pageHeaderBytes + partAt; part < end; part += entryBytes) {
      const offset = load<u64>(part, 8)
      // Here the undo log says that a row left, which the other log says of each of its parts.
      if (<u32>(offset >>> 32) != LEFT) turnOver(load<u32>(part), load<u32>(part, 4), offset, step)
    }
    end = load<u32>(page)
  }
}

function turnOver(hash: u32, place: u32, offset: u64, step: i32): void {
  const chunk = chunkOf(((<u64>partitionIn(place)) << 32) | (offset >>> chunkBits))
  store<i32>(chunk, load<i32>(chunk, addedAt) + step, addedAt)
  const bit = <u32>offset & ((1 << chunkBits) - 1)
  const word = chunk + bitsAt + ((bit >>> 5) << 2)
  store<u32>(word, load<u32>(word) ^ (1 << (bit & 31)))

  const origin = (partitionIn(place) * sidesMax + (place >>> partitionBits)) * 0x9e3779b1
  const mixed = finish(finish(origin ^ <u32>(offset >>> 32) ^ <u32>offset) ^ hash)
  store<u32>(chunk, load<u32>(chunk, lowAt) + step * mixed, lowAt)
  store<u32>(chunk, load<u32>(chunk, highAt) + step * finish(mixed ^ hash), highAt)
}

/** The last step of MurmurHash3 (Austin Appleby), which lets every bit have its say. */
function finish(value: u32): u32 {
  let mixed = value
  mixed = (mixed ^ (mixed >>> 16)) * 0x85ebca6b
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35
  return mixed ^ (mixed >>> 16)
}

function chunkOf(name: u64): usize {
  let slot = (<u32>((name * spread) >>> (64 - slotBits))) << 2
  while (true) {
    const chunk: usize = load<u32>(slots + slot)
    if (chunk == 0) break
    if (load<u64>(chunk) == name) return chunk
    slot = (slot + 4) & (slotsBytes - 1)
  }
  if (chunkCount == chunksMax || !hasSpace()) {
    tell()
    clear()
    return chunkOf(name)
  }
  const chunk = chunksEnd
  memory.fill(chunk, 0, chunkBytes)
  store<u64>(chunk, name)
  store<u32>(slots + slot, <u32>chunk)
  chunksEnd += chunkBytes
  chunkCount++
  return chunk
}

/** Makes sure that there is memory for one more chunk; false when it is at its limit. */
function hasSpace(): bool {
  if (chunksEnd + chunkBytes <= lastPage + pageBytes) return true
  const next = takePage()
  if (next == 0) return false
  store<u32>(next, <u32>lastPage)
  lastPage = next
  chunksEnd = next + chunksAt
  return true
}

/** Tells all chunks, and gives their memory back. */
function tell(): void {
  let page = lastPage
  for (let end = chunksEnd; ; end = page + pageBytes) {
    for (let chunk = page + chunksAt; chunk + chunkBytes <= end; chunk += chunkBytes) {
      const added = load<i32>(chunk, addedAt)
      changed(
        load<u32>(chunk, 4),
        load<u32>(chunk),
        chunk + bitsAt,
        added,
        load<u32>(chunk, lowAt),
        load<u32>(chunk, highAt),
      )
    }
    if (page == firstPage) return
    const told = page
    page = load<u32>(told)
    freeOnePage(told)
  }
}

function clear(): void {
  memory.fill(slots, 0, slotsBytes)
  lastPage = firstPage
  chunksEnd = firstPage + chunksAt
  chunkCount = 0
}
