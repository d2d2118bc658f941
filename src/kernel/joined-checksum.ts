/** CRC-32C, bits in reverse. */
const polynomial = 0x82f63b78

/** By exponent: x to the power of 2^exponent, modulo the polynomial. */
const powers = powersOfX()
/** Of x^8, by which a byte moves what is before it. */
const byteExponent = 3

/**
 * The CRC-32C of bytes that follow one another, from those of the bytes before and the bytes after: the first moves by
 * as many zeros as there are bytes after it. So bytes whose head changes are read once.
 *
 * @param length - How many bytes there are after: below 2^29.
 * @see zlib, `crc32_combine`
 */
export function joinedChecksum(before: number, after: number, length: number): number {
  let moved = before
  for (let rest = length, exponent = byteExponent; rest > 0; rest >>>= 1, exponent++) {
    if (rest & 1) moved = product(powers[exponent]!, moved)
  }
  return (moved ^ after) >>> 0
}

/** Of two polynomials, modulo the polynomial. */
function product(a: number, b: number): number {
  let sum = 0
  for (let bit = 1 << 31, term = b; bit !== 0; bit >>>= 1) {
    if (a & bit) sum ^= term
    term = term & 1 ? (term >>> 1) ^ polynomial : term >>> 1
  }
  return sum
}

function powersOfX(): Int32Array {
  const made = new Int32Array(32)
  made[0] = 1 << 30
  for (let exponent = 1; exponent < 32; exponent++) {
    made[exponent] = product(made[exponent - 1]!, made[exponent - 1]!)
  }
  return made
}
