/** Lets rows leave with the part that completes them, which is never stored. */
import { FILTERED, MERGED, REFUSED } from '../constants/log'
import { LEFT_OUT, PUBLISHED } from '../constants/outcome'
import { free } from './arena'
import { at, unitsFor } from './block'
import { keyAt, keyIsNumberAt, keyLengthAt, setReason } from './columns'
import { depart, leave } from './departure'
import { NO_MEMORY, publish } from './merge'
import { claim, remember, taskOfRow } from './remembered'
import { completedReason } from './state'
import { refused } from './table-imports'

/** Lets a row leave with its last part; false, and nothing has happened, where there is no memory for it. */
export function complete(slot: usize, row: u32): bool {
  if (completedReason != 0) return completeForGood(slot, row)
  const outcome = publish(load<u32>(slot, 4), row)
  if (outcome == NO_MEMORY) return false
  if (outcome > PUBLISHED) refuse(slot, row, outcome)
  else depart(slot, outcome == LEFT_OUT ? FILTERED : MERGED)
  return true
}

/** The same; the key is remembered. */
function completeForGood(slot: usize, row: u32): bool {
  const hash = load<u32>(slot)
  const head = load<u32>(slot, 4)
  const keyLength = keyLengthAt(row)
  const address = claim(keyLength)
  if (address == 0) return false
  const outcome = publish(head, row)
  if (outcome == PUBLISHED || outcome == LEFT_OUT) {
    const task = taskOfRow(at(head))
    leave(hash, head, outcome == LEFT_OUT ? FILTERED : MERGED)
    remember(address, hash, task, keyAt(row), keyLength, keyIsNumberAt(row))
    store<u32>(slot, address, 4)
    return true
  }
  free(address, unitsFor(keyLength, 0, 0, 0))
  if (outcome == NO_MEMORY) return false
  refuse(slot, row, outcome)
  return true
}

/** Lets a row leave as dead letters. */
function refuse(slot: usize, row: u32, reason: u32): void {
  refused(load<u32>(slot, 4), reason)
  setReason(row, reason)
  depart(slot, REFUSED)
}
