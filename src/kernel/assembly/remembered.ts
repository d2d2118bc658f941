/**
 * Completed keys, remembered so that a late duplicate is known for one. Such a key stays in the index as what looks
 * like the head of a row with all its sides, so that a part of any side finds its side taken. It has the key's task, and
 * its number, which counts the keys of the task in the order of their completion: TypeScript keeps these counts.
 *
 * Forgotten keys are passed over when a key is looked for, and swept away later: the first takes effect at once and
 * alike in each life of a program, the second need not be undone.
 */
import { keyIsNumber, remembered } from '../constants/block'
import { allocateWithinLimit, free } from './arena'
import {
  at,
  headFrom,
  isRemembered,
  markUnused,
  offsetOf,
  partitionIn,
  placeFrom,
  placeOf,
  setHead,
  setNext,
  setOrigin,
  unitsFor,
  unitsOf,
  writeKey,
} from './block'
import { hashOf } from './hash'
import { hasRoom, homeOf, insert, pageOf, remove, slotAfter, slotOf } from './hash-index'
import { confirmed, rememberedSlots } from './state'
import { isNumberForgotten, numberLast, numberNext, taskOf } from './table-imports'

const everySide: u32 = 0xffff
/** In place of a timestamp; nothing is ever as late. */
const never: i64 = (1 << 52) - 1

/** Memory to remember a key in; 0 when there is none. It may be given back unused. */
export function claim(keyLength: u32): u32 {
  const units = unitsFor(keyLength, 0, 0, 0)
  const address = allocateWithinLimit(units)
  if (address != 0) markUnused(address, units)
  return address
}

/** The task of a row, by the block of its head. */
export function taskOfRow(head: usize): u32 {
  return taskOf(partitionIn(placeOf(head)))
}

/** Writes a key that is completed to the memory that was claimed for it. The index does not have it yet. */
export function remember(address: u32, hash: u32, task: u32, key: usize, keyLength: u32, isNumber: bool): void {
  write(address, hash, task, numberNext(task), key, keyLength, isNumber)
}

function write(address: u32, hash: u32, task: u32, number: f64, key: usize, keyLength: u32, isNumber: bool): void {
  const block = at(address)
  store<u32>(block, hash)
  setNext(block, 0)
  setHead(block, headFrom(everySide, keyLength))
  store<u32>(block, 0, 12)
  setOrigin(block, remembered | (isNumber ? keyIsNumber : 0) | placeFrom(0, task), <u64>number, never)
  writeKey(block, key, keyLength)
  rememberedSlots++
}

/** Remembers a key that was completed in an earlier life of the program; false when there is no memory for it. */
export function recall(task: u32, number: f64, key: usize, keyLength: u32, isNumber: bool): bool {
  const hash = hashOf(key, key + keyLength, isNumber)
  if (!hasRoom(hash)) return false
  const address = claim(keyLength)
  if (address == 0) return false
  write(address, hash, task, number, key, keyLength, isNumber)
  insert(hash, address)
  return true
}

export function isForgotten(block: usize): bool {
  return isRemembered(block) && isNumberForgotten(taskIn(block), <f64>offsetOf(block))
}

function taskIn(block: usize): u32 {
  return partitionIn(placeOf(block))
}

/**
 * Gives back the memory of the last key that a task has completed; returns its address, which the index still has. 0
 * where its merge was refused, and a sweep has taken the key out.
 */
export function takeBack(hash: u32, task: u32): u32 {
  const number = numberLast(task)
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotAfter(page, slot)) {
    const address = load<u32>(slot, 4)
    const block = at(address)
    if (load<u32>(slot) != hash || !isRemembered(block)) continue
    if (taskIn(block) != task || <f64>offsetOf(block) != number) continue
    free(address, unitsOf(block))
    rememberedSlots--
    return address
  }
  if (confirmed == Infinity) unreachable()
  return 0
}

/** Takes a forgotten key out, unless that has been done. */
export function sweepAway(hash: u32, address: u32): void {
  if (slotOf(pageOf(hash), hash, address) == 0) return
  remove(hash, address)
  free(address, unitsOf(at(address)))
  rememberedSlots--
}
