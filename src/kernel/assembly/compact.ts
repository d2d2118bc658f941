/**
 * Gives the arena's memory back: random deaths leave every segment partly live, so the live blocks of the emptiest
 * are moved elsewhere and the segments are dropped.
 *
 * A block is live if it can be reached: a head from the index, another part from the block before it. Blocks that
 * cannot be are free already, or belong to a row that left in an open epoch; those stay, because the undo log names
 * them by address, until that epoch commits or is undone, after which `restart` has them looked at again.
 */
import { unitBits } from '../constants/block'
import { allocate, filled, free, retireEmptiest, segmentUnits } from './arena'
import { at, hashIn, headOf, nextOf, setNext, sidesOf, unitsOf } from './block'
import { homeOf, pageOf, slotAfter, slotOf } from './hash-index'
import { kindOf, RETIRING, setKind, WALKED } from './segments'
import { blockUnits, liveUnits, segmentCount, walked, walkedUnits } from './state'

/** Unused memory that is never worth a move: 16 MiB. */
const slackUnits: u64 = (16 << 20) >>> unitBits
/** Segments taken out of use at a time. */
const segmentsAtOnce: u32 = 8

/** Whether more than half of the memory for blocks is unused. */
export function isSparse(): bool {
  return blockUnits > 2 * <u64>liveUnits + slackUnits
}

/**
 * Looks at most at `blocksMax` blocks; returns false when there is nothing more to do. Does nothing while the memory is
 * not sparse.
 */
export function compact(blocksMax: u32): bool {
  for (let looked: u32 = 0; looked < blocksMax; looked++) {
    if (walked == 0 && !chooseNext()) return false
    if (kindOf(walked) != RETIRING || walkedUnits >= load<u32>(filled + (walked << 2))) {
      // Dropped, when its last block has moved.
      if (kindOf(walked) == RETIRING) setKind(walked, WALKED)
      walked = 0
      continue
    }
    const address = walked * segmentUnits + walkedUnits
    const units = unitsOf(at(address))
    walkedUnits += units
    move(address, units)
  }
  return true
}

/** Blocks have returned to the index: what was left behind is looked at again. */
export function restart(): void {
  walked = 0
  for (let segment: u32 = 1; segment < segmentCount; segment++) {
    if (kindOf(segment) == WALKED) setKind(segment, RETIRING)
  }
}

function chooseNext(): bool {
  while (!findRetiring()) {
    // Those that are empty are dropped at once.
    if (!isSparse() || !retireEmptiest(segmentsAtOnce)) return false
  }
  walkedUnits = 0
  return true
}

function findRetiring(): bool {
  for (let segment: u32 = 1; segment < segmentCount; segment++) {
    if (kindOf(segment) != RETIRING) continue
    walked = segment
    return true
  }
  return false
}

function move(from: u32, units: u32): void {
  const block = at(from)
  const hash = hashIn(block)
  const isHead = sidesOf(headOf(block)) != 0
  const slot: usize = isHead ? slotOf(pageOf(hash), hash, from) : 0
  const before: usize = isHead ? 0 : blockBefore(hash, from)
  if (slot == 0 && before == 0) return

  const to = allocate(units)
  if (to == 0) return
  memory.copy(at(to), block, (<usize>units) << unitBits)
  if (isHead) store<u32>(slot, to, 4)
  else setNext(before, to)
  free(from, units)
}

/** The block of a row in the index whose next is `address`; 0 when there is none. */
function blockBefore(hash: u32, address: u32): usize {
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotAfter(page, slot)) {
    if (load<u32>(slot) != hash) continue
    for (let block = at(load<u32>(slot, 4)); block != 0; block = at(nextOf(block))) {
      if (nextOf(block) == address) return block
    }
  }
  return 0
}
