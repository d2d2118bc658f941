/**
 * Memory as segments of 2 MiB, in the order of their addresses: segment 0 holds what is fixed. Free ones are taken
 * before the memory grows. Some are cut into pages of 128 KiB, which hold slots of the index and logs, or chunks.
 */
import { FREE, pageBits, segmentBits, UNTOUCHED } from '../constants/segments'
import { freeChunk, freePage, freePages, segmentCount, usedSegments } from './state'

export const segmentBytes: usize = 1 << segmentBits
const wasmPagesPerSegment: i32 = 32
/**
 * Memory grows by 128 MiB, which the system gives when they are touched: each growth makes the garbage collector run.
 */
const wasmPagesPerGrowth: i32 = 2048
/** One less than 4 GiB, so that no address after a segment wraps. */
export const segmentsMax: u32 = 2047

export const BLOCKS: u32 = 1
export const RETIRING: u32 = 2
/** Retiring, and walked by compaction: what is left in it may still return to the index. */
export const WALKED: u32 = 3
export const PAGES: u32 = 4
/** The first of a run, and the others of it. */
export const RUN: u32 = 5
const REST: u32 = 6

export const kinds = memory.data(2048, 16)
/** Units in live blocks of a segment, or pages in use. */
export const live = memory.data(4 * 2048, 16)

export const pageBytes: usize = 1 << pageBits
const pagesPerSegment: u32 = 16
/** Free pages that are kept for the next need. */
const sparePagesMax: u32 = 32

export const chunkBytes: usize = 1024

export function kindOf(segment: u32): u32 {
  return load<u8>(kinds + segment)
}

export function setKind(segment: u32, kind: u32): void {
  store<u8>(kinds + segment, kind)
}

/** Takes `count` segments in a row; returns the first, or 0 when the memory is at its limit. */
export function takeSegments(count: u32, kind: u32): u32 {
  let run: u32 = 0
  let segment: u32 = 1
  for (; segment < segmentCount && run < count; segment++) run = isFree(segment) ? run + 1 : 0
  const first = segment - run
  if (run < count && !grow(first + count)) return 0
  setKind(first, kind)
  for (let rest = first + 1; rest < first + count; rest++) setKind(rest, REST)
  store<u32>(live + (first << 2), 0)
  usedSegments += count
  return first
}

/** Gives back a segment, or the whole run that begins with it. */
export function freeSegments(first: u32): void {
  let segment = first
  do {
    setKind(segment++, FREE)
    usedSegments--
  } while (kindOf(segment) == REST)
}

function isFree(segment: u32): bool {
  return kindOf(segment) == FREE || kindOf(segment) == UNTOUCHED
}

function grow(count: u32): bool {
  if (count > segmentsMax) return false
  // One page more, because two lines of cache after any unit are read.
  const missing = <i32>count * wasmPagesPerSegment + 1 - memory.size()
  if (missing > 0 && memory.grow(max(missing, wasmPagesPerGrowth)) < 0 && memory.grow(missing) < 0) return false
  segmentCount = count
  return true
}

/** The address of a page with arbitrary content; 0 when the memory is at its limit. */
export function takePage(): usize {
  if (freePage == 0 && !addPages()) return 0
  const page = freePage
  freePage = load<u32>(page)
  freePages--
  const used = live + ((page >>> segmentBits) << 2)
  store<u32>(used, load<u32>(used) + 1)
  return page
}

export function freeOnePage(page: usize): void {
  linkPage(page)
  const segment = <u32>(page >>> segmentBits)
  const used = load<u32>(live + (segment << 2)) - 1
  store<u32>(live + (segment << 2), used)
  if (used == 0 && freePages > sparePagesMax) dropPages(segment)
}

/** Makes sure that as many pages, no more than a segment has, can be taken. */
export function hasPages(count: u32): bool {
  return freePages >= count || addPages()
}

function addPages(): bool {
  const segment = takeSegments(1, PAGES)
  if (segment == 0) return false
  for (let page = pagesPerSegment; page > 0; page--)
    linkPage(((<usize>segment) << segmentBits) + ((page - 1) << pageBits))
  return true
}

function linkPage(page: usize): void {
  store<u32>(page, <u32>freePage)
  freePage = page
  freePages++
}

/** Takes the pages of a segment, all of which are free, out of the list, and gives the segment back. */
function dropPages(segment: u32): void {
  let page = freePage
  freePage = 0
  freePages = 0
  while (page != 0) {
    const next: usize = load<u32>(page)
    if (page >>> segmentBits != segment) linkPage(page)
    page = next
  }
  freeSegments(segment)
}

/**
 * The address of a chunk; 0 when the memory is at its limit. Chunks are used again, but their pages are not given back.
 */
export function takeChunk(): usize {
  if (freeChunk == 0) {
    const page = takePage()
    if (page == 0) return 0
    for (let at = page + pageBytes; at > page;) freeOneChunk((at -= chunkBytes))
  }
  const chunk = freeChunk
  freeChunk = load<u32>(chunk)
  return chunk
}

export function freeOneChunk(chunk: usize): void {
  store<u32>(chunk, <u32>freeChunk)
  freeChunk = chunk
}
