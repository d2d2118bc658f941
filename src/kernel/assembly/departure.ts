/** Lets rows leave the index, and parts their rows, and notes it in the logs of the epoch. */
import { SUPERSEDED } from '../constants/log'
import { at, nextOf, offsetOf, placeOf, unitsOf } from './block'
import { removeAt } from './hash-index'
import { noteDeparture, noteRow } from './log'

/** Takes the row at a slot out of the index. */
export function depart(slot: usize, how: u32): void {
  const hash = load<u32>(slot)
  leave(hash, load<u32>(slot, 4), how)
  removeAt(slot, hash)
}

/** Takes note that a row leaves; its blocks stay until the epoch has ended. */
export function leave(hash: u32, head: u32, how: u32): void {
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
