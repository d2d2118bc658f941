/**
 * Finds side, key and part of a batch of records: `Decoder` in `../decoder.ts` is its face and says what it promises.
 */
import { sidesMax } from '../constants/block'
import { columnsRowsMax, KEY_IS_NUMBER, keyElsewhere, wholeRecord } from '../constants/columns'
import {
  KEY_MISSING,
  KEY_TOO_LONG,
  KEY_TYPE,
  NO_VALUE,
  OK,
  PART_MISSING,
  UNKNOWN_STAGE,
  unknownScalar,
} from '../constants/status'
import { ESCAPED_STRING, MISSING, NUMBER, PLAIN_INTEGER, PLAIN_STRING } from '../constants/value-kind'
import { ends, kinds, starts } from './found'
import { findEscapedName, findName } from './names'
import { scan, setChoice } from './shapes'
import { carriedBytes, forgetTraced, lookAt } from './trace-look'

export { starts, ends, kinds } from './found'
export { setTree } from './json'
export { glueStarts, kindsOfValues, recognise, scan, valueCount } from './shapes'
export { plainEnd, stringEnd } from './text'
export {
  carriedBytes,
  carriedEnds,
  carryingCount,
  carryingRows,
  leastRandom,
  lookForTraces,
  oddRowCount,
  oddRows,
} from './trace-look'
export { findEscapedName, findName } from './names'

/** Columns of the current rows; places count from the first byte of the batch. */
export const valueStart = memory.data(4 * columnsRowsMax, 16)
export const valueEnd = memory.data(4 * columnsRowsMax, 16)
/** Only where traces are looked for. */
export const recordEnd = memory.data(4 * columnsRowsMax, 16)
export const side = memory.data(columnsRowsMax, 16)
export const reason = memory.data(columnsRowsMax, 16)
export const flags = memory.data(columnsRowsMax, 16)
export const keyStart = memory.data(4 * columnsRowsMax, 16)
export const keyEnd = memory.data(4 * columnsRowsMax, 16)
export const partStart = memory.data(4 * columnsRowsMax, 16)
export const partEnd = memory.data(4 * columnsRowsMax, 16)
/** Kind of the keys that are left to TypeScript, which finds them as they are spelled; else 0. */
export const oddKind = memory.data(columnsRowsMax, 16)

/** Field of each side's key, and of its part. */
export const keyFields = memory.data(4 * sidesMax, 16)
export const partFields = memory.data(4 * sidesMax, 16)

let routeField: i32 = -1
let keyBytesMax: u32 = 0
let routes: usize = 0

export function configure(route: i32, keyMax: u32, routesAt: usize): void {
  routeField = route
  keyBytesMax = keyMax
  routes = routesAt
  setChoice(route, routesAt)
}

export function heapBase(): usize {
  return __heap_base
}

/** Decodes rows of a batch whose first byte is at `base`; returns how many are left to TypeScript. */
export function decode(count: u32, base: usize): u32 {
  let odd: u32 = 0
  forgetTraced()
  for (let row: u32 = 0; row < count; row++) {
    store<u8>(flags + row, 0)
    store<u8>(oddKind + row, 0)
    if (routeField >= 0) store<i8>(side + row, -1)
    else if (load<u8>(reason + row) != 0) continue
    if (carriedBytes != 0)
      lookAt(row, base + load<u32>(valueEnd + (row << 2)), base + load<u32>(recordEnd + (row << 2)))
    const failure = decodeRow(row, base)
    store<u8>(reason + row, failure)
    if (load<u8>(oddKind + row) != 0 || failure == unknownScalar) odd++
    else if (failure != OK) store<i8>(side + row, -1)
  }
  return odd
}

function decodeRow(row: u32, base: usize): u32 {
  const start = load<i32>(valueStart + (row << 2))
  if (start < 0) return NO_VALUE
  const end = load<u32>(valueEnd + (row << 2))
  const status = scan(base + start, base + end)
  if (status != OK) return <u32>status

  if (routeField >= 0) store<i8>(side + row, <i8>routeOf(routeField << 2))
  const toSide = load<i8>(side + row)
  if (toSide < 0) return UNKNOWN_STAGE

  const key = load<i32>(keyFields + ((<u32>toSide) << 2))
  if (key != keyElsewhere) {
    const failure = decodeKey(row, (<u32>key) << 2, <u32>base)
    if (failure != OK) return failure
  }

  const part = load<i32>(partFields + ((<u32>toSide) << 2))
  if (part >= 0) {
    if (load<i32>(kinds + (part << 2)) == MISSING) return PART_MISSING
    store<u32>(partStart + (row << 2), load<u32>(starts + (part << 2)) - <u32>base)
    store<u32>(partEnd + (row << 2), load<u32>(ends + (part << 2)) - <u32>base)
  } else if (part == wholeRecord) {
    store<u32>(partStart + (row << 2), start)
    store<u32>(partEnd + (row << 2), end)
  } else store<i32>(partStart + (row << 2), -1)
  return OK
}

function decodeKey(row: u32, key: u32, base: u32): u32 {
  const kind = load<i32>(kinds + key)
  if (kind == MISSING) return KEY_MISSING
  if (kind > NUMBER) return KEY_TYPE
  const spellingStart = load<u32>(starts + key)
  const spellingEnd = load<u32>(ends + key)
  if (spellingEnd - spellingStart > keyBytesMax) return KEY_TOO_LONG
  const quotes: u32 = kind == PLAIN_STRING ? 1 : 0
  if (kind == PLAIN_INTEGER) store<u8>(flags + row, KEY_IS_NUMBER)
  else if (kind != PLAIN_STRING) store<u8>(oddKind + row, <u8>kind)
  store<u32>(keyStart + (row << 2), spellingStart + quotes - base)
  store<u32>(keyEnd + (row << 2), spellingEnd - quotes - base)
  return OK
}

function routeOf(field: u32): i32 {
  const start = load<u32>(starts + field) + 1
  const end = load<u32>(ends + field) - 1
  const kind = load<i32>(kinds + field)
  if (kind == PLAIN_STRING) return findName(routes, start, end, 0)
  return kind == ESCAPED_STRING ? findEscapedName(routes, start, end, 0) : -1
}
