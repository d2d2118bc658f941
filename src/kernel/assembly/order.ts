/**
 * The rows of a table in the order of their keys: a list of leaves, each with the addresses of up to 254 rows.
 *
 * State: `leaves`, in the order of their keys; a leaf is a chunk of memory: how many addresses, then the addresses.
 * Invariant: no leaf is empty, and the first key of a leaf is greater than the last one of the leaf before.
 * Cost: two binary searches; a leaf splits when it is full, and joins the next one when both are nearly empty.
 */
import { at } from './block'
import { chunkBytes, freeOneChunk, takeChunk } from './segments'
import { compare, keyLengthOf, keyOf } from './version'

const leafMax: u32 = <u32>(chunkBytes >>> 2) - 2
const joinedMax: u32 = leafMax / 2
const leavesMax: u32 = 1 << 18

const leaves = memory.data(4 << 18, 16)
let leafCount: u32 = 0

/**
 * Where a search has ended: a leaf by its number, and a place in it. A place after the last row is the first of the
 * next leaf.
 */
export let leafAt: u32 = 0
export let placeAt: u32 = 0

/**
 * Goes to the first row whose key is not less than a key, or greater than it where `isAfter`; whether that row has the
 * key.
 */
export function seek(key: usize, length: u32, isAfter: bool): bool {
  let low: u32 = 0
  let high = leafCount
  while (low < high) {
    const middle = (low + high) >>> 1
    const leaf = leafOf(middle)
    if (isBefore(rowOf(leaf, countOf(leaf) - 1), key, length, isAfter)) low = middle + 1
    else high = middle
  }
  leafAt = low
  placeAt = 0
  if (low == leafCount) return false
  const leaf = leafOf(low)
  let first: u32 = 0
  let end = countOf(leaf)
  while (first < end) {
    const middle = (first + end) >>> 1
    if (isBefore(rowOf(leaf, middle), key, length, isAfter)) first = middle + 1
    else end = middle
  }
  placeAt = first
  const block = at(rowOf(leaf, first))
  return !isAfter && compare(keyOf(block), keyLengthOf(block), key, length) == 0
}

/** The row at which the search is, 0 after the last one; goes on to the next one. */
export function next(): u32 {
  if (leafAt == leafCount) return 0
  const leaf = leafOf(leafAt)
  const address = rowOf(leaf, placeAt)
  if (++placeAt == countOf(leaf)) {
    leafAt++
    placeAt = 0
  }
  return address
}

/** Goes to the end, after the last row. */
export function seekEnd(): void {
  leafAt = leafCount
  placeAt = 0
}

/** Goes back by one row, and gives it; 0 before the first one. */
export function previous(): u32 {
  if (placeAt == 0) {
    if (leafAt == 0) return 0
    placeAt = countOf(leafOf(--leafAt))
  }
  return rowOf(leafOf(leafAt), --placeAt)
}

/** Makes sure that a row can be added anywhere; false where there is no memory for it. */
export function add(key: usize, length: u32, address: u32): bool {
  if (leafCount == 0 && !addLeaf(0)) return false
  seek(key, length, false)
  if (leafAt == leafCount) {
    // After all others: the last leaf takes it.
    leafAt--
    placeAt = countOf(leafOf(leafAt))
  }
  if (countOf(leafOf(leafAt)) == leafMax && !split()) return false
  const leaf = leafOf(leafAt)
  const place = leaf + 4 + (placeAt << 2)
  memory.copy(place + 4, place, (countOf(leaf) - placeAt) << 2)
  store<u32>(place, address)
  store<u32>(leaf, countOf(leaf) + 1)
  return true
}

/** Lets the row of a key, which is there, have another address. */
export function replaceAddress(key: usize, length: u32, address: u32): void {
  if (!seek(key, length, false)) unreachable()
  store<u32>(leafOf(leafAt) + 4 + (placeAt << 2), address)
}

/** Takes out the row of a key, which is there. */
export function removeKey(key: usize, length: u32): void {
  if (!seek(key, length, false)) unreachable()
  const leaf = leafOf(leafAt)
  const place = leaf + 4 + (placeAt << 2)
  const count = countOf(leaf) - 1
  memory.copy(place, place + 4, (count - placeAt) << 2)
  store<u32>(leaf, count)
  if (count == 0) removeLeaf(leafAt)
  else if (leafAt + 1 < leafCount && count + countOf(leafOf(leafAt + 1)) <= joinedMax) joinNext(leafAt)
}

function leafOf(number: u32): usize {
  return load<u32>(leaves + (number << 2))
}

function countOf(leaf: usize): u32 {
  return load<u32>(leaf)
}

function rowOf(leaf: usize, place: u32): u32 {
  return load<u32>(leaf + 4 + (place << 2))
}

function isBefore(address: u32, key: usize, length: u32, isAfter: bool): bool {
  const block = at(address)
  const order = compare(keyOf(block), keyLengthOf(block), key, length)
  return order < 0 || (isAfter && order == 0)
}

function addLeaf(number: u32): bool {
  if (leafCount == leavesMax) return false
  const leaf = takeChunk()
  if (leaf == 0) return false
  const place = leaves + (number << 2)
  memory.copy(place + 4, place, (leafCount - number) << 2)
  store<u32>(place, <u32>leaf)
  store<u32>(leaf, 0)
  leafCount++
  return true
}

function removeLeaf(number: u32): void {
  freeOneChunk(leafOf(number))
  const place = leaves + (number << 2)
  leafCount--
  memory.copy(place, place + 4, (leafCount - number) << 2)
}

/** Splits the leaf at which the search is. Keys that come in their order leave full leaves, others halves. */
function split(): bool {
  if (!addLeaf(leafAt + 1)) return false
  const leaf = leafOf(leafAt)
  const after = leafOf(leafAt + 1)
  const kept = placeAt == leafMax ? leafMax : leafMax / 2
  memory.copy(after + 4, leaf + 4 + (kept << 2), (leafMax - kept) << 2)
  store<u32>(after, leafMax - kept)
  store<u32>(leaf, kept)
  if (placeAt >= kept) {
    placeAt -= kept
    leafAt++
  }
  return true
}

function joinNext(number: u32): void {
  const leaf = leafOf(number)
  const after = leafOf(number + 1)
  const count = countOf(leaf)
  memory.copy(leaf + 4 + (count << 2), after + 4, countOf(after) << 2)
  store<u32>(leaf, count + countOf(after))
  removeLeaf(number + 1)
}
