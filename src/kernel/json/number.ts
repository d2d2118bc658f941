import { Status } from './status.ts'
import { firstFlagged } from './word.ts'

const { NOT_JSON } = Status
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_E = 0x65

/**
 * Finds the end of the integer part of a number that begins at `start`: a minus sign, then a zero alone or digits
 * without a leading zero. A byte that is no digit must follow somewhere.
 *
 * @returns The place behind, or a negated `Status`.
 */
export function integerEnd(bytes: Uint8Array, view: DataView, start: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start
  const byte = bytes[first]!
  if (byte === ZERO) return first + 1
  return byte > ZERO && byte <= NINE ? digitsEnd(bytes, view, first + 1) : -NOT_JSON
}

/** Whether the number goes on behind its integer part. */
export function isFractionOrExponent(byte: number): boolean {
  return byte === POINT || (byte | 0x20) === LOWER_E
}

/**
 * Finds the end of a number whose fraction or exponent begins at `from`.
 *
 * @returns The place behind, or a negated `Status`.
 */
export function fractionEnd(bytes: Uint8Array, view: DataView, from: number): number {
  let at = from
  if (bytes[at] === POINT) {
    const digits = at + 1
    at = digitsEnd(bytes, view, digits)
    if (at === digits) return -NOT_JSON
  }
  if ((bytes[at]! | 0x20) === LOWER_E) {
    const sign = bytes[at + 1]!
    const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1
    at = digitsEnd(bytes, view, digits)
    if (at === digits) return -NOT_JSON
  }
  return at
}

/**
 * Four bytes at once: a byte that is no digit gets its high bit set by the addition (above `9`) or by the subtraction
 * (below `0`); carries and borrows can reach only the bytes above, so the lowest flag is always true.
 */
function digitsEnd(bytes: Uint8Array, view: DataView, from: number): number {
  let at = from
  const wordsEnd = bytes.length - 3
  while (at < wordsEnd) {
    const word = view.getInt32(at, true)
    const flags = ((word + 0x46464646) | (word - 0x30303030)) & 0x80808080
    if (flags !== 0) return at + firstFlagged(flags)
    at += 4
  }
  while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
  return at
}
