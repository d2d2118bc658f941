/** Lets rows leave the index, and parts their rows, and notes it in the logs of the epoch. */
import { EXPIRED, SUPERSEDED } from '../constants/log'
import { free, isShortOfVacated, vacate } from './arena'
import { at, nextOf, offsetOf, placeOf, setNext, unitsOf } from './block'
import { copyOf, isSmall } from './copies'
import { removeAt } from './hash-index'
import { noteDeparture, noteRow } from './log'

/** Takes the row at a slot out of the index. */
export function depart(slot: usize, how: u32): void {
  const hash = load<u32>(slot)
  leave(hash, load<u32>(slot, 4), how)
  removeAt(slot, hash)
}

/**
 * Takes note that a row leaves. Its blocks are free at once, and copies stay until the epoch has ended. Large ones stay
 * themselves, and so do all where nothing is written soon that could be in their place: those of expired rows, and of
 * any while more rows leave than parts come.
 */
export function leave(hash: u32, head: u32, how: u32): void {
  if (how == EXPIRED || !isShortOfVacated() || !isSmall(head)) return leaveInPlace(hash, head, how)
  let first: u32 = 0
  let before: u32 = 0
  for (let address = head; address != 0;) {
    const block = at(address)
    const next = nextOf(block)
    const units = unitsOf(block)
    const copy = copyOf(block, units)
    if (before == 0) first = copy
    else setNext(at(before), copy)
    before = copy
    noteDeparture(copy, units, hash, placeOf(block), offsetOf(block), how)
    vacate(address, units)
    address = next
  }
  noteRow(hash, first, how)
}

function leaveInPlace(hash: u32, head: u32, how: u32): void {
  for (let address = head; address != 0;) {
    const block = at(address)
    noteDeparture(address, unitsOf(block), hash, placeOf(block), offsetOf(block), how)
    address = nextOf(block)
  }
  noteRow(hash, head, how)
}

/** Takes note that a part makes place for a later one, whose arrival is the next that is noted. */
export function supersede(hash: u32, address: u32): void {
  const block = at(address)
  noteDeparture(address, unitsOf(block), hash, placeOf(block), offsetOf(block), SUPERSEDED)
  noteRow(hash, address, SUPERSEDED)
}
