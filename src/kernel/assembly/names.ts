/** Looks names up in a table that `../json/name-table.ts` has written and describes. */
import { unescape } from './decoder-imports'

const HEADER: usize = 16
const ENTRY: u32 = 32

/** The index of the name that a string without escapes holds from `start` to its closing quote at `end`, or -1. */
export function findName(table: usize, start: usize, end: usize, scope: u32): i32 {
  const length = <u32>(end - start)
  const head = headOf(start, length)
  const mask = load<u32>(table)
  const known = table + load<u32>(table, 4)
  let place = ((((head ^ length ^ (scope << 8)) * 0x9e3779b1) >>> 12) * ENTRY) & mask
  while (true) {
    const entry = table + HEADER + place
    const index = load<i32>(entry) - 1
    if (index < 0) return -1
    if (
      load<u32>(entry, 4) == head &&
      load<u32>(entry, 8) == length &&
      load<u32>(entry, 12) == scope &&
      equals(known + load<u32>(entry, 16), start, length)
    ) {
      return index
    }
    place = (place + ENTRY) & mask
  }
}

/** The index of the name that a string with escapes, given by its content, spells; or -1. */
export function findEscapedName(table: usize, start: usize, end: usize, scope: u32): i32 {
  if (end - start > load<u32>(table, 12)) return -1
  const content = table + load<u32>(table, 8)
  return findName(table, content, content + unescape(content, start, end), scope)
}

/** The opening quote and the first three bytes; of a shorter name nothing after its closing quote. */
function headOf(start: usize, length: u32): u32 {
  const head = load<u32>(start - 1)
  return length > 1 ? head : length == 0 ? 0 : head & 0xffffff
}

/** Compares from the closing quote backwards, as far as the head does not reach. */
function equals(known: usize, start: usize, length: u32): bool {
  for (let at = <i32>length - 3; at >= 0; at -= 4) {
    if (load<u32>(known + at) != load<u32>(start + at)) return false
  }
  return true
}
