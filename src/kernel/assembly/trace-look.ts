/** Looks whether a record may have a trace that is followed: by the length of a header's name, a flag, and some digits. */
import { columnsRowsMax } from '../constants/columns'
import { parentBytes, randomAt, randomDigits, sampledAt } from '../constants/trace-parent'

/** Rows of the current pass whose headers may have one, in order. */
export const tracedRows = memory.data(4 * columnsRowsMax, 16)
/** The least random part of an id that is followed. */
export const leastRandom = memory.data(randomDigits, 16)

/** Of `traceparent`. */
const nameBytesLooked = 11

/** Whether rows are looked at. */
export let isLooking: bool = false
let traced: u32 = 0

/** From now on, by `leastRandom`. */
export function lookForTraces(): void {
  isLooking = true
}

/** How many rows `tracedRows` has. */
export function tracedCount(): u32 {
  return traced
}

/** Begins a pass. */
export function forgetTraced(): void {
  traced = 0
}

/** Looks at the next row, whose headers stand between two places. */
export function lookAt(row: u32, at: usize, end: usize): void {
  if (!mayBeTraced(at, end)) return
  store<u32>(tracedRows + (traced << 2), row)
  traced++
}

/**
 * Whether the headers between two places may have one. Also where they are not there, or not as they mostly are, with
 * lengths below 64: then somebody else looks.
 */
function mayBeTraced(at: usize, end: usize): bool {
  if (at >= end) return true
  // One byte tells a number below 64, as its double. An odd number is below zero: there is none.
  let count: u32 = load<u8>(at++)
  if ((count & 0x81) != 0) return true
  for (; count > 0; count -= 2) {
    const nameBytes: u32 = load<u8>(at)
    const valueAt = at + 1 + (nameBytes >> 1)
    if (valueAt >= end) return true
    const valueBytes: u32 = load<u8>(valueAt)
    at = valueAt + 1 + (valueBytes >> 1)
    if (at > end || ((nameBytes | valueBytes) & 0x81) != 0) return true
    if (nameBytes == nameBytesLooked << 1 && valueBytes >= (<u32>parentBytes) << 1 && isFollowed(valueAt + 1))
      return true
  }
  return false
}

function isFollowed(parent: usize): bool {
  const flag: u32 = load<u8>(parent + sampledAt)
  // A digit, or a letter, whose number is odd where its code is even.
  if ((flag & 1) == <u32>(flag > 0x39)) return false
  for (let at: usize = 0; at < <usize>randomDigits; at++) {
    const digit = load<u8>(parent + randomAt + at)
    const least = load<u8>(leastRandom + at)
    if (digit != least) return digit > least
  }
  return true
}
