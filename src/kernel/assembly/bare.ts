/** Numbers and literals. They stop at a closing brace or bracket at the latest, so there must be one. */
import { FALSE, NULL, NUMBER, PLAIN_INTEGER, plainDigitsMax, TRUE } from '../constants/value-kind'
import { digitsEnd } from './text'

const PLUS: u32 = 0x2b
const MINUS: u32 = 0x2d
const POINT: u32 = 0x2e
const ZERO: u32 = 0x30
const LOWER_E: u32 = 0x65

/** The first four letters of each literal, as a little-endian word. */
const TRUE_WORD: u32 = 0x65757274
const NULL_WORD: u32 = 0x6c6c756e
const FALS_WORD: u32 = 0x736c6166

/** Kind of the number or literal that was read last: a second result of `numberEnd` and `literalEnd`. */
export let bareKind: i32 = 0

/** Finds the place after the number that begins at `from`; 0 where none does. */
export function numberEnd(from: usize): usize {
  let byte: u32 = load<u8>(from)
  const digits = byte == MINUS ? from + 1 : from
  let at = digitsEnd(digits)
  if (at == digits || (load<u8>(digits) == ZERO && at > digits + 1)) return 0
  let kind = (byte == MINUS && load<u8>(digits) == ZERO) || at - digits > <usize>plainDigitsMax ? NUMBER : PLAIN_INTEGER
  byte = load<u8>(at)
  if (byte == POINT) {
    const fraction = at + 1
    at = digitsEnd(fraction)
    if (at == fraction) return 0
    kind = NUMBER
    byte = load<u8>(at)
  }
  if ((byte | 0x20) == LOWER_E) {
    byte = load<u8>(at + 1)
    const exponent = byte == PLUS || byte == MINUS ? at + 2 : at + 1
    at = digitsEnd(exponent)
    if (at == exponent) return 0
    kind = NUMBER
  }
  bareKind = kind
  return at
}

/** Finds the place after the literal that begins at `from`; 0 where none does. */
export function literalEnd(from: usize): usize {
  const word = load<u32>(from)
  if (word == TRUE_WORD) bareKind = TRUE
  else if (word == NULL_WORD) bareKind = NULL
  else if (word == FALS_WORD && load<u8>(from, 4) == LOWER_E) {
    bareKind = FALSE
    return from + 5
  } else return 0
  return from + 4
}
