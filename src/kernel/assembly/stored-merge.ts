/** Merges of which all parts are in the table: TypeScript writes their record. */
import { headerBytes } from '../constants/block'
import { FILTERED, MERGED, REFUSED } from '../constants/log'
import { LEFT_OUT, PUBLISHED } from '../constants/outcome'
import { free } from './arena'
import { at, isNumber, keyLengthOf, sidesOf, unitsFor } from './block'
import { depart, leave } from './departure'
import { claim, remember, taskOfRow } from './remembered'
import { allSides, completedReason, quorum } from './state'
import { spendRow } from './sweep'
import { merged } from './table-imports'

/** Whether a row with these sides, as in its head, is merged at once. */
export function isWhole(head: u32): bool {
  const sides = sidesOf(head)
  return (sides & allSides) == allSides || (quorum != 0 && <u32>popcnt(sides) >= quorum)
}

/** What stands for memory to remember a key in where keys are forgotten. */
export const NOT_NEEDED: u32 = 0xffffffff

/** Memory to remember a key in that is to be merged; 0 where there is none. */
export function claimKey(keyLength: u32): u32 {
  return completedReason == 0 ? NOT_NEEDED : claim(keyLength)
}

/** Gives it back unused. */
export function disclaim(address: u32, keyLength: u32): void {
  if (address != NOT_NEEDED) free(address, unitsFor(keyLength, 0, 0, 0))
}

/** Lets the row at a slot leave as a merge, or as dead letters where the sink does not take it. */
export function mergeStored(slot: usize, keyMemory: u32): void {
  const hash = load<u32>(slot)
  const head = load<u32>(slot, 4)
  const block = at(head)
  const keyLength = keyLengthOf(block)
  spendRow(head)
  const outcome = merged(head)
  const how = outcome == LEFT_OUT ? FILTERED : MERGED
  if (outcome > PUBLISHED) {
    disclaim(keyMemory, keyLength)
    depart(slot, REFUSED)
  } else if (keyMemory == NOT_NEEDED) depart(slot, how)
  else {
    remember(keyMemory, hash, taskOfRow(block), block + headerBytes, keyLength, isNumber(block))
    leave(hash, head, how)
    store<u32>(slot, keyMemory, 4)
  }
}
