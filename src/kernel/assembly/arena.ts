/**
 * Memory for blocks: segments cut into blocks of whole units of 16 bytes. An address is the number of a unit, counted
 * from the start of the memory; 0 is no block.
 *
 * State: per size class a stack of free addresses, kept outside the blocks, so that freeing touches none of their
 * memory; one segment that is being filled from the front; per segment the units in live blocks. Invariant: a block
 * never changes its size, so a segment can be walked from block to block by their headers, live or not. Cost:
 * allocating and freeing are O(1); retiring segments costs one pass over the stacks.
 */
import { unitBits } from '../constants/block'
import { segmentBits } from '../constants/segments'
import { headerUnits, markUnused } from './block'
import {
  BLOCKS,
  chunkBytes,
  freeOneChunk,
  freeSegments,
  kindOf,
  live,
  RETIRING,
  RUN,
  setKind,
  takeChunk,
  takeSegments,
  WALKED,
} from './segments'
import { blockUnits, filling, liveUnits, segmentCount, unitsMax } from './state'

const segmentUnitBits: u32 = segmentBits - unitBits
export const segmentUnits: u32 = 1 << segmentUnitBits
/** Larger blocks, in units, get a run of segments of their own. */
const sharedUnitsMax: u32 = segmentUnits >>> 2
/** Freed blocks above this many units are not reused one by one; their segment empties and is retired. */
const reusedUnitsMax: u32 = 1024
const chunkWrap: usize = chunkBytes - 1
/** As many vacated blocks as some passes of rows take. */
const vacatedMax: u32 = 1024

/** Units handed out so far from the front of each segment. */
export const filled = memory.data(4 * 2048, 16)
/** By size, the end of a stack of chunks, whose first word is the end of the chunk before. The last is a spare. */
const stacks = memory.data(4 * 1026, 16)

/** Blocks that were vacated and not taken since, about: which of the free ones were taken is not known. */
let vacated: u32 = 0

/** Returns the address of a block of `units` units with arbitrary content; 0 when the memory is at its limit. */
export function allocate(units: u32): u32 {
  let address = units <= reusedUnitsMax ? pop(stacks + (units << 2)) : 0
  if (address == 0) address = takeFresh(units)
  else if (vacated > 0) vacated--
  if (address == 0) return 0
  const used = live + ((address >>> segmentUnitBits) << 2)
  store<u32>(used, load<u32>(used) + units)
  liveUnits += units
  return address
}

/** The same; 0 also where live blocks would take more than they may. */
export function allocateWithinLimit(units: u32): u32 {
  return <u64>liveUnits + units > unitsMax ? 0 : allocate(units)
}

/** Gives a block back. Its memory is not touched. */
export function free(address: u32, units: u32): void {
  const segment = address >>> segmentUnitBits
  const left = load<u32>(live + (segment << 2)) - units
  store<u32>(live + (segment << 2), left)
  liveUnits -= units
  if (kindOf(segment) != BLOCKS) {
    if (left == 0) drop(segment, kindOf(segment) == RUN ? units : segmentUnits)
  } else if (units <= reusedUnitsMax) push(stacks + (units << 2), address)
}

/** Gives a block back whose memory has just been read, so that it is in the cache for who takes it. */
export function vacate(address: u32, units: u32): void {
  free(address, units)
  vacated++
}

/** Whether more blocks are wanted that are in the cache. */
export function isShortOfVacated(): bool {
  return vacated < vacatedMax
}

export function segmentOf(address: u32): u32 {
  return address >>> segmentUnitBits
}

/**
 * Takes filled segments out of use: all that are empty, and up to `countMax` of which less than half is live, the
 * emptiest first.
 */
export function retireEmptiest(countMax: u32): bool {
  let retired: u32 = 0
  for (let withBlocks: u32 = 0; withBlocks < countMax; retired++) {
    let emptiest: u32 = 0
    let least: u32 = segmentUnits / 2
    for (let segment: u32 = 1; segment < segmentCount; segment++) {
      if (kindOf(segment) != BLOCKS || segment == filling || load<u32>(live + (segment << 2)) >= least) continue
      emptiest = segment
      least = load<u32>(live + (segment << 2))
    }
    if (emptiest == 0) break
    setKind(emptiest, RETIRING)
    if (least > 0) withBlocks++
  }
  if (retired == 0) return false
  for (let units: u32 = 0; units <= reusedUnitsMax; units++) forgetRetiring(stacks + (units << 2))
  for (let segment: u32 = 1; segment < segmentCount; segment++) {
    if (kindOf(segment) == RETIRING && load<u32>(live + (segment << 2)) == 0) drop(segment, segmentUnits)
  }
  return true
}

function takeFresh(units: u32): u32 {
  if (units > sharedUnitsMax) {
    const first = takeSegments((units + segmentUnits - 1) >>> segmentUnitBits, RUN)
    if (first != 0) blockUnits += units
    return first << segmentUnitBits
  }
  if (filling == 0 || load<u32>(filled + (filling << 2)) + units > segmentUnits) {
    const fresh = takeSegments(1, BLOCKS)
    if (fresh == 0) return 0
    if (filling != 0) closeFilling()
    filling = fresh
    blockUnits += segmentUnits
    store<u32>(filled + (filling << 2), 0)
  }
  const unit = load<u32>(filled + (filling << 2))
  store<u32>(filled + (filling << 2), unit + units)
  return (filling << segmentUnitBits) + unit
}

/** The end that is too small for the current block serves smaller ones later. */
function closeFilling(): void {
  const unit = load<u32>(filled + (filling << 2))
  const rest = segmentUnits - unit
  // A header does not fit into less.
  if (rest < headerUnits) return
  const address = (filling << segmentUnitBits) + unit
  markUnused(address, rest)
  store<u32>(filled + (filling << 2), segmentUnits)
  if (rest <= reusedUnitsMax) push(stacks + (rest << 2), address)
}

function drop(segment: u32, units: u32): void {
  blockUnits -= units
  freeSegments(segment)
}

/** Without memory for another chunk the address is forgotten: compaction finds the block. */
function push(stack: usize, address: u32): void {
  let end: usize = load<u32>(stack)
  if ((end & chunkWrap) == 0) {
    const chunk = takeChunk()
    if (chunk == 0) return
    store<u32>(chunk, <u32>end)
    end = chunk + 4
  }
  store<u32>(end, address)
  store<u32>(stack, <u32>end + 4)
}

/** The address pushed last, because it is most likely still in the cache, or 0 when there is none. */
function pop(stack: usize): u32 {
  const end: usize = load<u32>(stack)
  if (end == 0) return 0
  const address = load<u32>(end - 4)
  const chunk = (end - 4) & ~chunkWrap
  if (end == chunk + 8) {
    store<u32>(stack, load<u32>(chunk))
    freeOneChunk(chunk)
  } else store<u32>(stack, <u32>end - 4)
  return address
}

/** Removes the addresses that lie in segments that retire. */
function forgetRetiring(stack: usize): void {
  const rest = stacks + ((reusedUnitsMax + 1) << 2)
  store<u32>(rest, load<u32>(stack))
  store<u32>(stack, 0)
  while (true) {
    const address = pop(rest)
    if (address == 0) return
    const kind = kindOf(address >>> segmentUnitBits)
    if (kind != RETIRING && kind != WALKED) push(stack, address)
  }
}
