/**
 * Merges rows that have all required sides and lack optional ones, once they have waited long enough for these: a pass
 * over all blocks in the order of their addresses, which counts in the head of each such row how often it was met.
 * Passes begin at intervals, so that the count is a time. It is not part of an epoch: a rollback leaves it as it is, and
 * what is restored begins anew.
 */
import { segmentUnits } from './arena'
import { ageOf, at, hashIn, headOf, isRemembered, keyLengthOf, setAge, unitsOf } from './block'
import { pagesPerRow } from './log'
import { hasPages, kindOf, RUN } from './segments'
import { awaited, awaitedUnits, outputRoom, segmentCount } from './state'
import { claimKey, mergeStored } from './stored-merge'
import { lacksOptionalOnly, slotWith, unitsToSweep } from './sweep'

/** There is more to look at; the pass has ended; a row is to be merged, which was not allowed. */
const MORE: u32 = 0
const ENDED: u32 = 1
const DUE: u32 = 2

/** Looks at `blocksMax` blocks at most; merges rows that were met by `passes` passes before, where that is allowed. */
export function passAwaited(passes: u32, blocksMax: u32, mayMerge: bool): u32 {
  for (let looked: u32 = 0; looked < blocksMax && outputRoom > 0; looked++) {
    if (awaitedUnits >= unitsToSweep(awaited)) {
      awaitedUnits = 0
      if (++awaited >= segmentCount) {
        awaited = 0
        return ENDED
      }
      continue
    }
    const address = awaited * segmentUnits + awaitedUnits
    const block = at(address)
    const isRun = kindOf(awaited) == RUN
    if (mayBeAwaited(block)) {
      const isDue = ageOf(block) >= passes
      // A head that has left keeps its place for a while, where its age does not matter; only a run may be no block.
      const slot = isDue || isRun ? slotOfHead(address) : 0
      if (isDue && slot != 0) {
        if (!mayMerge) return DUE
        if (!hasPages(pagesPerRow) || !merge(slot)) return MORE
      } else if (!isDue && (slot != 0 || !isRun)) setAge(block, ageOf(block) + 1)
    }
    awaitedUnits += isRun ? 1 : unitsOf(block)
  }
  return MORE
}

/** Whether a block looks like the head of a row that lacks optional sides only. */
function mayBeAwaited(block: usize): bool {
  return hashIn(block) != 0 && headOf(block) != 0 && !isRemembered(block) && lacksOptionalOnly(block)
}

/** The slot of the row that has the block at this address for its head; 0 where there is none. */
function slotOfHead(address: u32): usize {
  const slot = slotWith(hashIn(at(address)), address)
  return slot != 0 && load<u32>(slot, 4) == address ? slot : 0
}

/** Lets a row leave; false, and nothing has happened, where there is no memory to remember its key in. */
function merge(slot: usize): bool {
  const keyMemory = claimKey(keyLengthOf(at(load<u32>(slot, 4))))
  if (keyMemory == 0) return false
  mergeStored(slot, keyMemory)
  return true
}
