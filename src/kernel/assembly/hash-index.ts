/**
 * From a hash to the address of a block, by extendible hashing: a directory over the hash's top bits names pages of
 * open addressing, each of a fixed number of slots. A full page splits in two by its stored hashes, and two emptied
 * neighbours become one, so growing and shrinking move one page at a time and never the whole.
 *
 * State: slots are pairs (hash, address) in one line of cache; hash 0 is a free slot. A slot's home is its hash's low
 * bits, collisions probe forward and wrap, deletion shifts the chain back, so there are no tombstones.
 * Invariant: all hashes of a page share its `depths` top bits; a directory entry leads to the page of its prefix.
 * The caller compares full keys: several slots may hold the same hash.
 *
 * @see Fagin et al., "Extendible hashing"; Knuth, TAOCP vol. 3, 6.4, algorithm R.
 */
import { pageBits } from '../constants/segments'
import { freeOnePage, pageBytes, takePage } from './segments'
import { depth, slotCount, slotPages } from './state'

const slotBytes: usize = 8
const slotsPerPage: u32 = 1 << (pageBits - 3)
const homeMask: u32 = slotsPerPage - 1
const wrap: usize = pageBytes - 1
const splitCount: u32 = (slotsPerPage * 6) / 10
const mergeCount: u32 = (slotsPerPage * 3) / 10
/** Slots in use of a page that could not be split: probing still ends. */
const fullCount: u32 = (slotsPerPage * 15) / 16
/** As many pages as there can be. */
const depthMax: u32 = 15

export const directory = memory.data(4 << 15, 16)
/** By page: slots in use, and the bits that all its hashes have in common. */
const counts = memory.data(4 << 15, 16)
const depths = memory.data(1 << 15, 16)

/** Makes the first page, for all hashes. */
export function startIndex(): void {
  const page = newPage(0)
  store<u32>(directory, <u32>page)
  store<u32>(directory, <u32>page, 4)
}

export function pageOf(hash: u32): usize {
  return load<u32>(directory + ((hash >>> (32 - depth)) << 2))
}

/** The slot where a search for the hash begins. */
export function homeOf(page: usize, hash: u32): usize {
  return page + ((hash & homeMask) << 3)
}

/** The slot after, within the page. */
export function slotAfter(page: usize, slot: usize): usize {
  return page | ((slot + slotBytes) & wrap)
}

/** Makes sure that a pair can be added; false when there is no memory for it. */
export function hasRoom(hash: u32): bool {
  let page = pageOf(hash)
  while (load<u32>(countOf(page)) >= splitCount) {
    if (!split(page, hash)) return load<u32>(countOf(page)) < fullCount
    page = pageOf(hash)
  }
  return true
}

/** Adds a pair that is not there yet and for which there is room. */
export function insert(hash: u32, address: u32): void {
  insertAt(freeSlot(pageOf(hash), hash), hash, address)
}

/** The same, at the free slot where a search for it has ended, if no page was split since. */
export function insertAt(slot: usize, hash: u32, address: u32): void {
  const page = slot & ~wrap
  store<u32>(slot, hash)
  store<u32>(slot, address, 4)
  store<u32>(countOf(page), load<u32>(countOf(page)) + 1)
  slotCount++
}

/** Removes the pair that is known to be there. */
export function remove(hash: u32, address: u32): void {
  const slot = slotOf(pageOf(hash), hash, address)
  if (slot == 0) unreachable()
  removeAt(slot, hash)
}

/** The same, from the slot where it is. */
export function removeAt(slot: usize, hash: u32): void {
  const page = slot & ~wrap
  closeGap(page, slot)
  const count = load<u32>(countOf(page)) - 1
  store<u32>(countOf(page), count)
  slotCount--
  if (count < mergeCount) merge(page, hash)
}

/** Gives the pair that is known to be there another address. */
export function replace(hash: u32, address: u32, by: u32): void {
  const slot = slotOf(pageOf(hash), hash, address)
  if (slot == 0) unreachable()
  store<u32>(slot, by, 4)
}

/** The slot of a pair; 0 when it is not there. */
export function slotOf(page: usize, hash: u32, address: u32): usize {
  let slot = homeOf(page, hash)
  while (load<u32>(slot) != hash || load<u32>(slot, 4) != address) {
    if (load<u32>(slot) == 0) return 0
    slot = slotAfter(page, slot)
  }
  return slot
}

function newPage(bits: u32): usize {
  const page = takePage()
  if (page == 0) return 0
  memory.fill(page, 0, pageBytes)
  store<u32>(countOf(page), 0)
  store<u8>(depthOf(page), bits)
  slotPages++
  return page
}

function dropPage(page: usize): void {
  freeOnePage(page)
  slotPages--
}

function countOf(page: usize): usize {
  return counts + ((page >>> pageBits) << 2)
}

function depthOf(page: usize): usize {
  return depths + (page >>> pageBits)
}

/** The slot that a new pair takes. */
function freeSlot(page: usize, hash: u32): usize {
  let slot = homeOf(page, hash)
  while (load<u32>(slot) != 0) slot = slotAfter(page, slot)
  return slot
}

/** Moves later members of the probe chain forward, so that every lookup still ends at the first free slot. */
function closeGap(page: usize, gap: usize): void {
  let slot = gap
  while (true) {
    slot = slotAfter(page, slot)
    const hash = load<u32>(slot)
    if (hash == 0) break
    const home = homeOf(page, hash)
    const staysReachable = gap <= slot ? gap < home && home <= slot : gap < home || home <= slot
    if (staysReachable) continue
    store<u64>(gap, load<u64>(slot))
    gap = slot
  }
  store<u32>(gap, 0)
}

function split(page: usize, hash: u32): bool {
  const bits = <u32>load<u8>(depthOf(page)) + 1
  if (bits > depthMax) return false
  const zero = newPage(bits)
  if (zero == 0) return false
  const one = newPage(bits)
  if (one == 0) {
    dropPage(zero)
    return false
  }
  if (bits > depth) {
    for (let entry: i32 = (1 << depth) - 1; entry >= 0; entry--) {
      const known = load<u32>(directory + ((<usize>entry) << 2))
      store<u32>(directory + ((<usize>entry) << 3), known)
      store<u32>(directory + ((<usize>entry) << 3), known, 4)
    }
    depth++
  }
  moveAll(page, zero, one, 32 - bits)
  assign(zero, hash & ~(1 << (32 - bits)), bits)
  assign(one, hash | (1 << (32 - bits)), bits)
  dropPage(page)
  return true
}

/** Copies all pairs of a page, to `zero` or to `one` by a bit of their hash. */
function moveAll(page: usize, zero: usize, one: usize, bit: u32): void {
  for (let slot = page; slot < page + pageBytes; slot += slotBytes) {
    const hash = load<u32>(slot)
    if (hash == 0) continue
    const half = (hash >>> bit) & 1 ? one : zero
    store<u64>(freeSlot(half, hash), load<u64>(slot))
    store<u32>(countOf(half), load<u32>(countOf(half)) + 1)
  }
}

function merge(page: usize, hash: u32): void {
  const bits = <u32>load<u8>(depthOf(page))
  if (bits == 0) return
  const buddy = pageOf(hash ^ (1 << (32 - bits)))
  if (load<u8>(depthOf(buddy)) != bits) return
  if (load<u32>(countOf(buddy)) + load<u32>(countOf(page)) > splitCount / 2) return
  const merged = newPage(bits - 1)
  if (merged == 0) return
  moveAll(page, merged, merged, 0)
  moveAll(buddy, merged, merged, 0)
  assign(merged, hash, bits - 1)
  dropPage(page)
  dropPage(buddy)
  while (depth > 1 && !isDeepest()) {
    depth--
    for (let entry: usize = 0; entry < 1 << depth; entry++) {
      store<u32>(directory + (entry << 2), load<u32>(directory + (entry << 3)))
    }
  }
}

/** Whether some page has as many bits as the directory. */
function isDeepest(): bool {
  for (let entry: usize = 0; entry < 1 << depth; entry++) {
    if (load<u8>(depthOf(load<u32>(directory + (entry << 2)))) == depth) return true
  }
  return false
}

/** Lets the directory lead to a page for all hashes that share the top bits of `hash`. */
function assign(page: usize, hash: u32, bits: u32): void {
  const span: u32 = 1 << (depth - bits)
  const first: u32 = bits == 0 ? 0 : (hash >>> (32 - bits)) << (depth - bits)
  for (let entry = first; entry < first + span; entry++) store<u32>(directory + (entry << 2), <u32>page)
}
