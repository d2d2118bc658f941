/**
 * What each open epoch changed: chains of pages with entries of one size, written forward and read backward. A chain is
 * named by its end, 0 while it is empty; the first word of a page is the end of the chain before it.
 *
 * The undo log says of a part that came in: hash, side and partition, offset low, offset high, because its block may
 * move; of a row that left the index: hash, address of its head, how it left, `LEFT`; the same of a part that a later
 * one supersedes, with the address of its block, before the arrival of that one. The departed log says of each
 * block of a row that left: address, units, hash, side and partition, offset low, offset high, how its row left, 0.
 * These blocks stay until the epoch has ended, or the addresses are those of `copies.ts`. `../undo-log.ts` reads both
 * too.
 */
import { departedBytes, LEFT, pageHeaderBytes, undoBytes } from '../constants/log'
import { freeOnePage, pageBytes, takePage } from './segments'
import { departedEnd, undoEnd } from './state'

const wrap: usize = pageBytes - 1

/**
 * Pages that a row takes which leaves: one of the undo log, as many of the other as its parts need, lists included, and
 * one each for copies of its blocks and for free ones.
 */
export const pagesPerRow: u32 = 6
/** Rows of a pass, whose cache misses are overlapped. Measured: 64 to 512 alike, 1,024 slower. */
export const passRows: u32 = 256
/** Pages that the changes of a pass, of 16 sides at most, take, copies of blocks and free ones included. */
export const pagesPerPass: u32 = 9

export function noteArrival(hash: u32, place: u32, offset: u64): void {
  const entry = room(undoEnd)
  store<u32>(entry, hash)
  store<u32>(entry, place, 4)
  store<u64>(entry, offset, 8)
  undoEnd = entry + undoBytes
}

export function noteRow(hash: u32, head: u32, how: u32): void {
  const entry = room(undoEnd)
  store<u32>(entry, hash)
  store<u32>(entry, head, 4)
  store<u32>(entry, how, 8)
  store<u32>(entry, LEFT, 12)
  undoEnd = entry + undoBytes
}

export function noteDeparture(address: u32, units: u32, hash: u32, place: u32, offset: u64, how: u32): void {
  const entry = room(departedEnd)
  store<u32>(entry, address)
  store<u32>(entry, units, 4)
  store<u32>(entry, hash, 8)
  store<u32>(entry, place, 12)
  store<u64>(entry, offset, 16)
  store<u32>(entry, how, 24)
  departedEnd = entry + departedBytes
}

/** The page of the last entry of a chain. */
export function pageBefore(end: usize): usize {
  return (end - 1) & ~wrap
}

/** Gives the page of the last entries back; returns the end of what is before it. */
export function dropLastPage(page: usize): usize {
  const before: usize = load<u32>(page)
  freeOnePage(page)
  return before
}

function room(end: usize): usize {
  return (end & wrap) != 0 ? end : firstAt(end)
}

/** Adds a page to the chain that ends there; returns the place of its first entry. */
export function firstAt(end: usize): usize {
  const page = takePage()
  store<u32>(page, <u32>end)
  return page + pageHeaderBytes
}
