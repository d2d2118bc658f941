import { Byte, byteSet } from './byte.ts'
import { Status } from './status.ts'

const { NOT_JSON, NOT_UTF8 } = Status
const { QUOTE, BACKSLASH, LOWER_U } = Byte

const isShortEscape = byteSet('"\\/bfnrt')
const isHexDigit = byteSet('0123456789abcdefABCDEF')
/** What stands for itself in a string: ASCII but quote, backslash and control characters. */
const isPlain = new Uint8Array(256).fill(1, 0x20, 0x80)
isPlain[QUOTE] = isPlain[BACKSLASH] = 0

/**
 * Finds the first byte of a string's content, from `from` on, that is more than itself: a quote, a backslash, a control
 * character or a byte of a multi-byte sequence. Returns `wordsEnd` or a place behind it when there is none before it.
 *
 * Four bytes are tested at once: the first difference has the high bit of a byte set if it is a control character or a
 * quote (the exclusive or puts the quote, 0x22, next to the control characters and the space out of the way), the
 * second if it is a backslash, and each of them also if the byte has that bit itself, but for 0xdc in the second. A
 * borrow can reach only the bytes above, so the lowest flag is always true.
 *
 * @param wordsEnd - At most three less than the length of the memory: from each place before it a word can be read.
 * @see Mycroft's test for a zero byte, in Warren, Hacker's Delight, section 6-1
 */
export function plainEnd(view: DataView, from: number, wordsEnd: number): number {
  let at = from
  while (at < wordsEnd) {
    const word = view.getInt32(at, true)
    const flags = (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & 0x80808080
    if (flags !== 0) return at + firstFlagged(flags)
    at += 4
  }
  return at
}

/**
 * The place, 0 to 3, of the lowest byte that has a flag. Branches rather than arithmetic: a processor that guesses them
 * right goes on with the next token before this word has arrived.
 */
function firstFlagged(flags: number): number {
  if ((flags & 0x80) !== 0) return 0
  if ((flags & 0x8000) !== 0) return 1
  return (flags & 0x800000) !== 0 ? 2 : 3
}

/**
 * Finds the place behind the closing quote of a string whose content begins at `from`, checking escapes and UTF-8.
 * The byte at `end - 1` must be a closing brace or bracket: no escape or sequence reads on behind it.
 *
 * @returns The place, or a negated `Status`.
 */
export function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at >= 0 && at < end) {
    const byte = bytes[at]!
    if (isPlain[byte] === 1) at++
    else if (byte === BACKSLASH) at = escapeEnd(bytes, at)
    else if (byte >= 0x80) at = sequenceEnd(bytes, at)
    else return byte === QUOTE ? at + 1 : -NOT_JSON
  }
  return at < 0 ? at : -NOT_JSON
}

/** Whether the content of a valid string has an escape. */
export function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

function escapeEnd(bytes: Uint8Array, at: number): number {
  const byte = bytes[at + 1]!
  if (isShortEscape[byte] === 1) return at + 2
  if (byte !== LOWER_U) return -NOT_JSON
  for (let digit = at + 2; digit < at + 6; digit++) if (isHexDigit[bytes[digit]!] !== 1) return -NOT_JSON
  return at + 6
}

/** @see The Unicode Standard, table 3-7, well-formed UTF-8 byte sequences */
function sequenceEnd(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  const second = bytes[at + 1]!
  if (lead < 0xc2 || lead > 0xf4) return -NOT_UTF8
  if (lead < 0xe0) return isContinuation(second) ? at + 2 : -NOT_UTF8
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest || !isContinuation(bytes[at + 2]!)) return -NOT_UTF8
  if (lead < 0xf0) return at + 3
  return isContinuation(bytes[at + 3]!) ? at + 4 : -NOT_UTF8
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
