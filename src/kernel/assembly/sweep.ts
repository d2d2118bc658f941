/**
 * Takes out rows whose other parts do not come, or that have left elsewhere, and forgotten keys: a sweep over all
 * blocks in the order of their addresses, which reads memory in sequence. A block tells the time and origin of its
 * part; its row is looked for only when that has expired.
 */
import { unitBits } from '../constants/block'
import { EXPIRED } from '../constants/log'
import { filled, segmentUnits } from './arena'
import {
  at,
  hashIn,
  headOf,
  isRemembered,
  nextOf,
  sidesOf,
  offsetOf,
  partitionIn,
  placeOf,
  timestampOf,
  unitsOf,
} from './block'
import { depart } from './departure'
import { homeOf, pageOf, slotAfter } from './hash-index'
import { pagesPerRow } from './log'
import { isForgotten, sweepAway } from './remembered'
import { BLOCKS, hasPages, kindOf, RETIRING, RUN, WALKED } from './segments'
import { spend } from './output'
import { allSides, outputRoom, requiredSides, segmentCount, swept, sweptUnits } from './state'
import { expired, pending } from './table-imports'

/**
 * Takes out forgotten keys, and the rows of which a part is of `limit` or before, each after it was shown to
 * TypeScript. Looks at `blocksMax` blocks at most, and no further where no room for output is left; returns whether the
 * sweep has come to its end, after which the next one begins.
 */
export function sweep(limit: f64, blocksMax: u32): bool {
  const last = <i64>limit
  for (let looked: u32 = 0; looked < blocksMax && outputRoom > 0; looked++) {
    if (sweptUnits >= unitsToSweep(swept)) {
      sweptUnits = 0
      if (++swept >= segmentCount) {
        swept = 0
        return true
      }
      continue
    }
    if (!hasPages(pagesPerRow)) return false
    const address = swept * segmentUnits + sweptUnits
    const block = at(address)
    sweptUnits += kindOf(swept) == RUN ? 1 : unitsOf(block)
    const hash = hashIn(block)
    if (hash != 0 && isForgotten(block)) sweepAway(hash, address)
    if (hash == 0 || timestampOf(block) > last) continue
    const slot = slotWith(hash, address)
    if (slot == 0 || lacksOptionalOnly(at(load<u32>(slot, 4)))) continue
    spendRow(load<u32>(slot, 4))
    expired(load<u32>(slot, 4))
    depart(slot, EXPIRED)
  }
  return false
}

/** Whether the row of a head has all that a merge needs: then it does not expire, but leaves as a merge. */
export function lacksOptionalOnly(block: usize): bool {
  return requiredSides != allSides && (sidesOf(headOf(block)) & requiredSides) == requiredSides
}

/** What comes of a row that leaves is about as large as its blocks. */
export function spendRow(head: u32): void {
  for (let block = head; block != 0; block = nextOf(at(block))) spend(unitsOf(at(block)) << unitBits)
}

/**
 * Takes out forgotten keys, and the rows that are no longer pending, all in one go; false where the memory is at its
 * limit.
 */
export function retain(): bool {
  for (let segment: u32 = 1; segment < segmentCount; segment++) {
    const isRun = kindOf(segment) == RUN
    for (let units: u32 = 0; units < unitsToSweep(segment);) {
      const address = segment * segmentUnits + units
      const block = at(address)
      units += isRun ? 1 : unitsOf(block)
      const hash = hashIn(block)
      if (hash == 0) continue
      if (isForgotten(block)) sweepAway(hash, address)
      if (isRemembered(block) || (!isRun && isPending(block))) continue
      const slot = slotWith(hash, address)
      if (slot == 0 || isPending(block)) continue
      if (!hasPages(pagesPerRow)) return false
      depart(slot, EXPIRED)
    }
  }
  return true
}

function isPending(block: usize): bool {
  return pending(partitionIn(placeOf(block)), <f64>offsetOf(block)) != 0
}

/**
 * How much of a segment holds blocks. A run of segments begins with its only one, a part, or holds something else, such
 * as the bytes of records, which may look like any block: so nothing is believed of it but what the index knows as
 * well.
 */
export function unitsToSweep(segment: u32): u32 {
  const kind = kindOf(segment)
  if (kind == BLOCKS || kind == RETIRING || kind == WALKED) return load<u32>(filled + (segment << 2))
  return kind == RUN ? 1 : 0
}

/** The slot of the row that has the block; 0 where it has left, or is free. */
export function slotWith(hash: u32, address: u32): usize {
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotAfter(page, slot)) {
    if (load<u32>(slot) != hash) continue
    for (let block = load<u32>(slot, 4); block != 0; block = nextOf(at(block))) if (block == address) return slot
  }
  return 0
}
