/**
 * Looks through the headers of records, and has those carry their trace that is followed: what `CarriedContexts` does
 * where nobody has looked, for headers whose names and values are below 64 bytes.
 */
import { TRACED } from '../constants/carried'
import { columnsRowsMax } from '../constants/columns'
import { parentBytes, randomAt, randomDigits, sampledAt } from '../constants/trace-parent'
import { copyOver } from './copy'

/** Rows of the current pass whose headers have to be looked at by somebody else, in order. */
export const oddRows = memory.data(4 * columnsRowsMax, 16)
/** Rows that carry their trace, in order, and where each ends in what they carry, which follows. */
export const carryingRows = memory.data(4 * columnsRowsMax, 16)
export const carriedEnds = memory.data(4 * columnsRowsMax, 16)
/** Where that begins; 0 while rows are not looked at. */
export let carriedBytes: usize = 0
/** The least random part of an id that is followed. */
export const leastRandom = memory.data(randomDigits, 16)

/** Of `traceparent` and `tracestate`, their first eight bytes, and the rest. */
const parentNameBytes = 11
const parentName: u64 = 0x7261706563617274
const parentRest: u32 = 0x746e6572
/** How headers begin that are a `traceparent` of version 00 alone, and the bytes that they have. */
const aloneHead: u32 = 2 | (22 << 8) | (0x7274 << 16)
const aloneBytes: usize = 1 + 1 + parentNameBytes + 1 + parentBytes
const stateNameBytes = 10
const stateName: u64 = 0x6174736563617274
const stateRest: u16 = 0x6574

let odd: u32 = 0
let carrying: u32 = 0
let carriedEnd: usize = 0
/** The last headers of these names that were found: where they begin, and the lengths of their values; 0 for none. */
let parentAt: usize = 0
let stateAt: usize = 0
let parentLength: u32 = 0
let stateLength: u32 = 0

/** From now on, by `leastRandom`; what the rows of a pass carry has room from a place on. */
export function lookForTraces(at: usize): void {
  carriedBytes = at
}

/** How many rows `oddRows` has. */
export function oddRowCount(): u32 {
  return odd
}

/** How many rows `carryingRows` has. */
export function carryingCount(): u32 {
  return carrying
}

/** Begins a pass. */
export function forgetTraced(): void {
  odd = 0
  carrying = 0
  carriedEnd = carriedBytes
}

/** Looks at the next row, whose headers stand between two places. */
export function lookAt(row: u32, at: usize, end: usize): void {
  if (!mayBeTraced(at, end)) return
  if (!findHeaders(at, end)) {
    store<u32>(oddRows + (odd << 2), row)
    odd++
    return
  }
  if (parentAt == 0 || parentLength < <u32>parentBytes) return
  const parent = parentAt + 1 + parentNameBytes + 1
  if (!isFollowed(parent) || !isTraceparent(parent, parentLength)) return
  const hasState = stateAt != 0 && isCarriable(stateAt + 1 + stateNameBytes + 1, stateLength)
  store<u8>(carriedEnd, <u8>(TRACED | (hasState ? 2 : 1)))
  carriedEnd = copyOver(carriedEnd + 1, parentAt, 1 + parentNameBytes + 1 + parentLength)
  if (hasState) carriedEnd = copyOver(carriedEnd, stateAt, 1 + stateNameBytes + 1 + stateLength)
  store<u32>(carryingRows + (carrying << 2), row)
  store<u32>(carriedEnds + (carrying << 2), <u32>(carriedEnd - carriedBytes))
  carrying++
}

/** Whether the headers between two places may have one that is followed. Nearly all have none, and this is the short way. */
function mayBeTraced(at: usize, end: usize): bool {
  if (at >= end) return true
  // The shortest one, of records that have this header alone.
  if (load<u32>(at) == aloneHead && at + aloneBytes == end) return isFollowed(at + aloneBytes - parentBytes)
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
    if (nameBytes == parentNameBytes << 1 && valueBytes >= (<u32>parentBytes) << 1 && isFollowed(valueAt + 1))
      return true
  }
  return false
}

/** Finds the headers between two places; false where they are not there, or not as they mostly are. */
function findHeaders(at: usize, end: usize): bool {
  parentAt = 0
  stateAt = 0
  if (at >= end) return false
  // One byte tells a number below 64, as its double. An odd number is below zero: there is none.
  let count: u32 = load<u8>(at++)
  if ((count & 0x81) != 0) return false
  for (; count > 0; count -= 2) {
    const nameBytes: u32 = load<u8>(at)
    const valueAt = at + 1 + (nameBytes >> 1)
    if (valueAt >= end) return false
    const valueBytes: u32 = load<u8>(valueAt)
    const next = valueAt + 1 + (valueBytes >> 1)
    if (next > end || ((nameBytes | valueBytes) & 0x81) != 0) return false
    if (nameBytes == parentNameBytes << 1) {
      if (load<u64>(at + 1) == parentName && load<u32>(at + 1 + parentNameBytes - 4) == parentRest) {
        parentAt = at
        parentLength = valueBytes >> 1
      }
    } else if (nameBytes == stateNameBytes << 1) {
      if (load<u64>(at + 1) == stateName && load<u16>(at + 1 + stateNameBytes - 2) == stateRest) {
        stateAt = at
        stateLength = valueBytes >> 1
      }
    }
    at = next
  }
  return true
}

function isFollowed(parent: usize): bool {
  // Most traces are not, as the first digit says: so their flag is not read, which is in another line of the cache.
  return isChosen(parent + randomAt) && isRecorded(load<u8>(parent + sampledAt))
}

function isChosen(random: usize): bool {
  for (let at: usize = 0; at < <usize>randomDigits; at++) {
    const digit = load<u8>(random + at)
    const least = load<u8>(leastRandom + at)
    if (digit != least) return digit > least
  }
  return true
}

/** The flag is a digit, or a letter, whose number is odd where its code is even. */
function isRecorded(flag: u32): bool {
  return (flag & 1) != <u32>(flag > 0x39)
}

/** As `appendTraceContext` has it: version, id of the trace, id of the parent and flags, and a dash before each further one. */
function isTraceparent(at: usize, length: u32): bool {
  const version = load<u16>(at)
  if (version == 0x6666) return false
  // In version 00 nothing may come after the flags; in a later one what does is not looked at.
  if (length > <u32>parentBytes && (version == 0x3030 || load<u8>(at + parentBytes) != 0x2d)) return false
  if (load<u8>(at + 2) != 0x2d || load<u8>(at + 35) != 0x2d || load<u8>(at + 52) != 0x2d) return false
  return isHex(at, 2) && isId(at + 3, 32) && isId(at + 36, 16) && isHex(at + 53, 2)
}

function isHex(at: usize, length: usize): bool {
  for (const end = at + length; at < end; at++) {
    const digit: u32 = load<u8>(at)
    if (digit - 0x30 > 9 && digit - 0x61 > 5) return false
  }
  return true
}

/** An id of zeros is none. */
function isId(at: usize, length: usize): bool {
  let zeros: usize = 0
  while (zeros < length && load<u8>(at + zeros) == 0x30) zeros++
  return zeros < length && isHex(at, length)
}

/** Whether it is text of which some is there. */
function isCarriable(at: usize, length: usize): bool {
  if (length == 0) return false
  for (const end = at + length; at < end; at++) {
    const byte: u32 = load<u8>(at)
    if (byte != 0x09 && byte - 0x20 >= 0x5f) return false
  }
  return true
}
