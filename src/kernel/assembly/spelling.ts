/** Writes the key of a row as JSON. */
import { isRespelledAt, keyAt, keyIsNumberAt, keyLengthAt, spellingAt, spellingLengthAt } from './columns'
import { copyOver } from './copy'

const QUOTE: u32 = 0x22

/** Bytes of the key as its record wrote it. */
export function ownSpellingLength(row: u32): u32 {
  return isRespelledAt(row) ? spellingLengthAt(row) : plainSpellingLength(row)
}

export function writeOwnSpelling(to: usize, row: u32): usize {
  return isRespelledAt(row) ? copyOver(to, spellingAt(row), spellingLengthAt(row)) : writePlainSpelling(to, row)
}

/** Bytes of the canonical key, which is the JSON that most records wrote. */
export function plainSpellingLength(row: u32): u32 {
  return keyLengthAt(row) + (keyIsNumberAt(row) ? 0 : 2)
}

export function writePlainSpelling(to: usize, row: u32): usize {
  if (keyIsNumberAt(row)) return copyOver(to, keyAt(row), keyLengthAt(row))
  store<u8>(to, QUOTE)
  to = copyOver(to + 1, keyAt(row), keyLengthAt(row))
  store<u8>(to, QUOTE)
  return to + 1
}
