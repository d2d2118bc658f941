/** Finds the row of a key for whoever asks, which takes nothing in. */
import { headerBytes } from '../constants/block'
import { at, isNumber, isRemembered, keyLengthOf } from './block'
import { hashOf } from './hash'
import { homeOf, pageOf, slotAfter } from './hash-index'

/** The head of the row that has a key; 0 where none is pending, also where the key is remembered. */
export function findRow(key: usize, length: u32, keyIsNumber: bool): u32 {
  const hash = hashOf(key, key + length, keyIsNumber)
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotAfter(page, slot)) {
    if (load<u32>(slot) != hash) continue
    const head = load<u32>(slot, 4)
    const block = at(head)
    if (isRemembered(block) || keyLengthOf(block) != length || isNumber(block) != keyIsNumber) continue
    if (memory.compare(block + headerBytes, key, length) == 0) return head
  }
  return 0
}
