import { Byte } from './byte.ts'

/** Integers of so many digits are exact as numbers, and so are powers of ten up to the 22nd. */
const digitsMax = 15
const powersOfTen = Array.from({ length: digitsMax + 1 }, (_, exponent) => 10 ** exponent)

/**
 * The number that is written in a text from one place to another, as `JSON.parse` reads it; the writing has been
 * checked. Where digits and power of ten are exact, one division rounds right.
 *
 * @see W. D. Clinger, How to read floating point numbers accurately, PLDI 1990: the fast path
 */
export function numberIn(text: string, start: number, end: number): number {
  const isNegative = text.charCodeAt(start) === Byte.MINUS
  let at = isNegative ? start + 1 : start
  if (end - at > digitsMax) return Number(text.slice(start, end))
  let digits = 0
  let scale = 0
  for (; at < end; at++) {
    const byte = text.charCodeAt(at)
    if (byte === Byte.POINT) scale = end - at - 1
    else if (byte >= Byte.ZERO && byte <= Byte.NINE) digits = digits * 10 + (byte - Byte.ZERO)
    else return Number(text.slice(start, end))
  }
  const size = digits / powersOfTen[scale]!
  return isNegative ? -size : size
}
