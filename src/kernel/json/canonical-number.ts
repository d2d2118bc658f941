import { plainDigitsMax } from '../constants/value-kind.ts'

/** As in JavaScript, a number below one is written with an exponent when more zeros than this follow its point. */
const leadingZerosMax = 5

/**
 * The one spelling of a JSON number's exact decimal value: two numbers are equal if and only if their canonical
 * spellings are. It is what JavaScript would print if its numbers were exact, except that integers stay plain up to
 * `plainDigitsMax` digits: `1` for `1.0` and `10e-1`, `0` for `-0`, `0.5` for `5e-1`, `1.5e-7`, `1e+999999999`.
 *
 * Nothing is rounded, and an exponent is never written out as zeros beyond these bounds: the result is longer than
 * the spelling by no more than `plainDigitsMax` characters and the few of the exponent form.
 *
 * @param spelling - A valid JSON number, of bounded length: the exponent is computed in time above linear in it.
 * @see ECMA-262, Number::toString
 */
export function canonicalNumber(spelling: string): string {
  const sign = spelling.startsWith('-') ? '-' : ''
  const [mantissa = '', exponent = '0'] = spelling.slice(sign.length).toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  let first = 0
  while (all[first] === '0') first++
  let after = all.length
  while (after > first && all[after - 1] === '0') after--
  if (first === after) return '0'
  return sign + placePoint(all.slice(first, after), BigInt(exponent) + BigInt(whole.length - first))
}

/** Writes 0.`digits` times ten to the power of `point`; `digits` neither begins nor ends with a zero. */
function placePoint(digits: string, point: bigint): string {
  if (point > plainDigitsMax || point < -leadingZerosMax) {
    const power = point - 1n
    return `${digits[0]}${digits.length > 1 ? '.' : ''}${digits.slice(1)}e${power < 0n ? '' : '+'}${power}`
  }
  const place = Number(point)
  if (place <= 0) return `0.${'0'.repeat(-place)}${digits}`
  if (place >= digits.length) return digits.padEnd(place, '0')
  return `${digits.slice(0, place)}.${digits.slice(place)}`
}
