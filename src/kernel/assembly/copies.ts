/**
 * Copies of the blocks of rows that were merged in an open epoch: a rollback makes them blocks again. So a block is free
 * as soon as its row has left, and the next part is written where memory was just read, which is in the cache.
 *
 * State: a chain of pages, as in `log.ts`, with blocks one after the other. A copy has an address as a block has, and
 * leads to that of the next part of its row. It counts as a live block.
 */
import { unitBits } from '../constants/block'
import { segmentBits } from '../constants/segments'
import { allocate } from './arena'
import { at, nextOf, setNext, unitsOf } from './block'
import { copyOver } from './copy'
import { firstAt, pageBefore } from './log'
import { kindOf, PAGES, pageBytes } from './segments'
import { copiesEnd, liveUnits } from './state'

/** Blocks of larger rows stay in place until their epoch has ended. */
const rowUnitsMax: u32 = 2048 >>> unitBits

/** Whether the blocks of a row are copied when it leaves. */
export function isSmall(head: u32): bool {
  let units: u32 = 0
  for (let address = head; address != 0; address = nextOf(at(address))) {
    units += unitsOf(at(address))
    if (units > rowUnitsMax) return false
  }
  return true
}

/** Whether there is a copy at an address, and not a block. */
export function isCopy(address: u32): bool {
  return kindOf(address >>> (segmentBits - unitBits)) == PAGES
}

/** Copies a block, for which there is a page; returns the address of the copy. */
export function copyOf(block: usize, units: u32): u32 {
  const bytes = (<usize>units) << unitBits
  let to = copiesEnd
  if (to == 0 || to + bytes > pageBefore(to) + pageBytes) to = firstAt(copiesEnd)
  copiesEnd = copyOver(to, block, bytes)
  liveUnits += units
  return <u32>(to >>> unitBits)
}

/** A copy is not needed any more. Its page is given back elsewhere. */
export function forget(units: u32): void {
  liveUnits -= units
}

/** Makes the copies of a row blocks again; returns the address of its head. */
export function restored(copy: u32): u32 {
  let head: u32 = 0
  let before: u32 = 0
  for (let from = copy; from != 0; from = nextOf(at(from))) {
    const units = unitsOf(at(from))
    const address = allocate(units)
    if (address == 0) unreachable()
    copyOver(at(address), at(from), (<usize>units) << unitBits)
    setNext(at(address), 0)
    forget(units)
    if (before == 0) head = address
    else setNext(at(before), address)
    before = address
  }
  return head
}
