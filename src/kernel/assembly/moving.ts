/**
 * Moves rows out of the table that stay pending: TypeScript keeps the places of their parts and a hash of their key, by
 * which it knows a later part of theirs. A pass over all blocks in the order of their addresses, as the sweep is one.
 */
import { headerBytes } from '../constants/block'
import { EXPIRED } from '../constants/log'
import { segmentUnits } from './arena'
import { at, hashIn, isNumber, isRemembered, keyLengthOf, timestampOf, unitsOf } from './block'
import { keyAt, keyIsNumberAt, keyLengthAt, sideAt } from './columns'
import { columnsRowsMax } from '../constants/columns'
import { depart } from './departure'
import { hashOf, secondHashOf } from './hash'
import { pagesPerRow } from './log'
import { hasPages, kindOf, RUN } from './segments'
import { moved, movedUnits, outputRoom, segmentCount } from './state'
import { lacksOptionalOnly, slotWith, spendRow, unitsToSweep } from './sweep'
import { movedOut } from './table-imports'

/** There is more to look at; the pass has ended. */
const MORE: u32 = 0
const ENDED: u32 = 1

/** Of each of the current rows, the hash of its key in two words; 0 where it has no side. */
export const keyHashes = memory.data(8 * columnsRowsMax, 16)

/**
 * Moves out the rows of which a part is of `limit` or before, as far as TypeScript wants them. Rows that are merged once
 * they have waited stay. Looks at `blocksMax` blocks at most, and no further where what has gone takes the room that was given.
 */
export function moveOut(limit: f64, blocksMax: u32): u32 {
  const last = <i64>limit
  for (let looked: u32 = 0; looked < blocksMax && outputRoom > 0; looked++) {
    if (movedUnits >= unitsToSweep(moved)) {
      movedUnits = 0
      if (++moved >= segmentCount) {
        moved = 0
        return ENDED
      }
      continue
    }
    // Nothing can be noted where the memory is at its limit: then nothing moves.
    if (!hasPages(pagesPerRow)) return ENDED
    const address = moved * segmentUnits + movedUnits
    const block = at(address)
    movedUnits += kindOf(moved) == RUN ? 1 : unitsOf(block)
    const hash = hashIn(block)
    if (hash == 0 || isRemembered(block) || timestampOf(block) > last) continue
    const slot = slotWith(hash, address)
    if (slot == 0 || lacksOptionalOnly(at(load<u32>(slot, 4)))) continue
    const head = load<u32>(slot, 4)
    if (!movedOut(head, hash, secondHashOfHead(at(head)))) continue
    spendRow(head)
    depart(slot, EXPIRED)
  }
  return MORE
}

/** Hashes the keys of the current rows. */
export function hashKeys(count: u32): void {
  for (let row: u32 = 0; row < count; row++) {
    const hasSide = sideAt(row) >= 0
    const key = keyAt(row)
    const end = key + keyLengthAt(row)
    const hashes = keyHashes + (row << 3)
    store<u32>(hashes, hasSide ? hashOf(key, end, keyIsNumberAt(row)) : 0)
    store<u32>(hashes, hasSide ? secondHashOf(key, end, keyIsNumberAt(row)) : 0, 4)
  }
}

/** The second half of the hash of the key that a head has. */
function secondHashOfHead(block: usize): u32 {
  const key = block + headerBytes
  return secondHashOf(key, key + keyLengthOf(block), isNumber(block))
}
