/** The current rows, as `../pending-table.ts` copies them in: columns of numbers, places counted from their base. */
import {
  columnsRowsMax,
  KEY_IN_EXTRA,
  KEY_IS_NUMBER,
  KEY_RESPELLED,
  PART_IN_EXTRA,
  SPELLING_IN_EXTRA,
} from '../constants/columns'
import { carries } from './state'

export const offsets = memory.data(8 * columnsRowsMax, 16)
export const timestamps = memory.data(8 * columnsRowsMax, 16)
export const sides = memory.data(columnsRowsMax, 16)
export const reasons = memory.data(columnsRowsMax, 16)
export const flags = memory.data(columnsRowsMax, 16)
export const keyStarts = memory.data(4 * columnsRowsMax, 16)
export const keyEnds = memory.data(4 * columnsRowsMax, 16)
export const spellingStarts = memory.data(4 * columnsRowsMax, 16)
export const spellingEnds = memory.data(4 * columnsRowsMax, 16)
export const partStarts = memory.data(4 * columnsRowsMax, 16)
export const partEnds = memory.data(4 * columnsRowsMax, 16)
/** How many parts of a list each tells; only where some tell it. */
export const numbersTold = memory.data(4 * columnsRowsMax, 16)

/** The headers that each carries, in what is made on the way; only where `carries` is set. */
export const carriedStarts = memory.data(4 * columnsRowsMax, 16)
export const carriedEnds = memory.data(4 * columnsRowsMax, 16)

/** The lane of each in its source partition; only where some have several. */
export const lanes = memory.data(columnsRowsMax, 16)

/** The source partition of all of them, or its first lane. */
export const origin = memory.data(4, 16)

/** Where the records' bytes begin, and those made on the way. */
let bytesBase: usize = 0
let extraBase: usize = 0

export function setBases(bytes: usize, extra: usize): void {
  bytesBase = bytes
  extraBase = extra
}

/** The number of the source partition, or of the lane, that a row is of. */
export function partitionAt(row: u32): u32 {
  return load<u32>(origin) + load<u8>(lanes + row)
}

export function sideAt(row: u32): i32 {
  return load<i8>(sides + row)
}

/** Makes a row a dead letter. */
export function setReason(row: u32, reason: u32): void {
  store<i8>(sides + row, -1)
  store<u8>(reasons + row, reason)
}

export function offsetAt(row: u32): u64 {
  return <u64>load<f64>(offsets + (row << 3))
}

export function timestampAt(row: u32): i64 {
  return <i64>load<f64>(timestamps + (row << 3))
}

export function keyIsNumberAt(row: u32): bool {
  return (load<u8>(flags + row) & KEY_IS_NUMBER) != 0
}

export function isRespelledAt(row: u32): bool {
  return (load<u8>(flags + row) & KEY_RESPELLED) != 0
}

export function keyAt(row: u32): usize {
  return (load<u8>(flags + row) & KEY_IN_EXTRA ? extraBase : bytesBase) + load<u32>(keyStarts + (row << 2))
}

export function keyLengthAt(row: u32): u32 {
  return load<u32>(keyEnds + (row << 2)) - load<u32>(keyStarts + (row << 2))
}

export function partAt(row: u32): usize {
  return (load<u8>(flags + row) & PART_IN_EXTRA ? extraBase : bytesBase) + load<u32>(partStarts + (row << 2))
}

export function partLengthAt(row: u32): u32 {
  return load<u32>(partEnds + (row << 2)) - load<u32>(partStarts + (row << 2))
}

export function numberToldAt(row: u32): u32 {
  return load<u32>(numbersTold + (row << 2))
}

export function carriedAt(row: u32): usize {
  return extraBase + load<u32>(carriedStarts + (row << 2))
}

export function carriedLengthAt(row: u32): u32 {
  return carries ? load<u32>(carriedEnds + (row << 2)) - load<u32>(carriedStarts + (row << 2)) : 0
}

export function spellingAt(row: u32): usize {
  const base = load<u8>(flags + row) & SPELLING_IN_EXTRA ? extraBase : bytesBase
  return base + load<u32>(spellingStarts + (row << 2))
}

/** 0 where the key is spelled as it is. */
export function spellingLengthAt(row: u32): u32 {
  return isRespelledAt(row) ? load<u32>(spellingEnds + (row << 2)) - load<u32>(spellingStarts + (row << 2)) : 0
}
