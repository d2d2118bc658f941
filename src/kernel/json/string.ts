import { Status } from './status.ts'
import { firstFlagged } from './word.ts'

const { NOT_JSON, NOT_UTF8 } = Status
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LOWER_U = 0x75

/** 1 for each byte that may follow a backslash, `u` excepted. */
const isShortEscape = byteSet('"\\/bfnrt')
const isHexDigit = byteSet('0123456789abcdefABCDEF')

function byteSet(members: string): Uint8Array {
  const set = new Uint8Array(256)
  for (const member of members) set[member.charCodeAt(0)] = 1
  return set
}

/**
 * Finds the first byte of a string's content, from `from` on, that is more than itself: a quote, a backslash, a control
 * character or a byte of a multi-byte sequence. Returns `end` or a place behind it when there is none before `end`.
 *
 * Four bytes are tested at once. A byte is flagged in its high bit when it has that bit itself, when it is a backslash
 * (zero after the exclusive or, so the subtraction borrows), or when it is a control character or a quote (the
 * exclusive or puts the quote, 0x22, at 0x20, next to the control characters, and the space out of the way).
 * A borrow can reach only the bytes above, so the lowest flag is always true.
 *
 * @see Mycroft's test for a zero byte, in Warren, Hacker's Delight, section 6-1
 */
export function plainEnd(bytes: Uint8Array, view: DataView, from: number, end: number): number {
  let at = from
  const wordsEnd = Math.min(end, bytes.length - 3)
  while (at < wordsEnd) {
    const word = view.getInt32(at, true)
    const flags = (word | ((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & 0x80808080
    if (flags !== 0) return at + firstFlagged(flags)
    at += 4
  }
  while (at < end) {
    const byte = bytes[at]!
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte >= 0x80) return at
    at++
  }
  return at
}

/**
 * Finds the place behind the closing quote of a string whose content goes on at `from`, checking escapes and UTF-8.
 * The caller guarantees that the byte at `end - 1` is a closing brace or bracket: every other step stops at it.
 *
 * @returns The place, or a negated `Status`.
 */
export function stringEnd(bytes: Uint8Array, view: DataView, from: number, end: number): number {
  let at = from
  for (;;) {
    at = plainEnd(bytes, view, at, end)
    if (at >= end) return -NOT_JSON
    const byte = bytes[at]!
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at = escapeEnd(bytes, at)
    else if (byte >= 0x80) at = sequenceEnd(bytes, at)
    else return -NOT_JSON
    if (at < 0) return at
  }
}

/** Whether a string, of which `bytes` from `start` to `end` is the valid spelling, has an escape. */
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
  if (lead < 0xf0) {
    const lowest = lead === 0xe0 ? 0xa0 : 0x80
    const highest = lead === 0xed ? 0x9f : 0xbf
    return second >= lowest && second <= highest && isContinuation(bytes[at + 2]!) ? at + 3 : -NOT_UTF8
  }
  const lowest = lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xf4 ? 0x8f : 0xbf
  return second >= lowest && second <= highest && isContinuation(bytes[at + 2]!) && isContinuation(bytes[at + 3]!)
    ? at + 4
    : -NOT_UTF8
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
