/**
 * Lists: sides of which a row has several parts. The head of a row has the bit of such a side when there is a part, and
 * one more when the list is full: it has as many parts as it is to have, or as a part of another side tells.
 *
 * A full list may still get parts where their number is told, because they may have come before the part that tells it:
 * so what a row takes does not depend on the order.
 */
import { listPartsMax, toldByOther } from '../constants/block'
import { at, nextOf, numberTold, sideBit, sideOf } from './block'
import { numberToldAt, sideAt } from './columns'
import { listSides } from './state'

/** Of each side: the bit of its full list, as in a head, 0 of one that is no list; how many parts that has, 0 for any. */
export const fullBits = memory.data(4 * 16, 16)
export const listLengths = memory.data(4 * 16, 16)
/** Of each side: the list whose number of parts it tells, -1 of one that tells none. */
export const toldLists = memory.data(4 * 16, 16)

const unknown: u32 = 0xffffffff

/** The sides of a row, as in its head, with the part of `row`; `head` is 0 where that is its first. */
export function sidesWith(present: u32, head: u32, row: u32): u32 {
  const side = sideAt(row)
  const sides = present | sideBit(side)
  return listSides == 0 ? sides : sides | fullListsWith(side, head, row)
}

/** The bits of lists that are full with the part of `row`. */
function fullListsWith(side: u32, head: u32, row: u32): u32 {
  let sides: u32 = 0
  if (isList(side) && countOf(head, side) + 1 >= lengthOf(head, side)) sides |= fullBitOf(side)
  const told = toldListOf(side)
  if (told >= 0 && countOf(head, told) >= numberToldAt(row)) sides |= fullBitOf(told)
  return sides
}

/** The bits of a head that go with a part which is taken out of its row. */
export function sidesOnlyOf(head: u32, block: usize): u32 {
  const side = sideOf(block)
  if (listSides == 0) return sideBit(side)
  const told = toldListOf(side)
  const others = countOf(head, side) - 1
  const own = others == 0 ? sideBit(side) : 0
  // A list that is told its number may have had more parts.
  const full = others < lengthOf(head, side) ? fullBitOf(side) : 0
  return own | full | (told >= 0 ? fullBitOf(told) : 0)
}

export function isList(side: u32): bool {
  return ((listSides >>> side) & 1) != 0
}

/** Whether a list takes no more parts: it has its number, which is fixed. */
export function isComplete(present: u32, side: u32): bool {
  return (present & fullBitOf(side)) != 0 && load<i32>(listLengths + (side << 2)) > 0
}

/** Whether a list is as long as one may be. */
export function isAtLimit(head: u32, side: u32): bool {
  return countOf(head, side) >= <u32>listPartsMax
}

export function fullBitOf(side: u32): u32 {
  return load<u32>(fullBits + (side << 2))
}

/** Whether the parts of a side tell how many parts a list has. */
export function tells(side: u32): bool {
  return listSides != 0 && toldListOf(side) >= 0
}

function toldListOf(side: u32): i32 {
  return load<i32>(toldLists + (side << 2))
}

/** How many parts of a side a row has. */
function countOf(head: u32, side: u32): u32 {
  let count: u32 = 0
  for (let address = head; address != 0; address = nextOf(at(address))) if (sideOf(at(address)) == side) count++
  return count
}

/** How many parts fill a list, as far as is known. */
function lengthOf(head: u32, side: u32): u32 {
  const length = load<i32>(listLengths + (side << 2))
  if (length != toldByOther) return length == 0 ? unknown : <u32>length
  for (let address = head; address != 0; address = nextOf(at(address))) {
    const block = at(address)
    if (toldListOf(sideOf(block)) == <i32>side) return numberTold(block)
  }
  return unknown
}
