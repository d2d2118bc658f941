/** What parts carry of the row that is being published. */
import { carriedLengthOf, carriedOf } from './block'
import { carriedAt, carriedLengthAt } from './columns'
import { sideCount } from './state'

/** Each side's block; 0 for the completing side, whose part is that of the current row. */
export const blocks = memory.data(4 * 16, 16)

/** In place of a side. */
export const noSide: u32 = 0xff

export function blockOf(side: u32): usize {
  return load<u32>(blocks + (side << 2))
}

/** The first side in declared order whose part carries headers; `noSide` where none does. */
export function firstCarrying(row: u32): u32 {
  let side: u32 = 0
  while (side < sideCount && carriedLengthIn(side, row) == 0) side++
  return side < sideCount ? side : noSide
}

export function carriedLengthIn(side: u32, row: u32): u32 {
  const block = blockOf(side)
  return block == 0 ? carriedLengthAt(row) : carriedLengthOf(block)
}

export function carriedIn(side: u32, row: u32): usize {
  const block = blockOf(side)
  return block == 0 ? carriedAt(row) : carriedOf(block)
}
