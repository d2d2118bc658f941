/** Strings and digits, sixteen bytes at a time: up to 16 bytes after what is asked for are read. */
import { NOT_JSON, NOT_UTF8 } from '../constants/status'

const QUOTE: u32 = 0x22
const BACKSLASH: u32 = 0x5c
const LOWER_U: u32 = 0x75

/**
 * Finds the first byte of a string's content, from `from` on, that is more than itself: a quote, a backslash, a control
 * character or a byte of a multi-byte sequence. Returns a place not before `end` when there is none before it.
 */
export function plainEnd(from: usize, end: usize): usize {
  let at = from
  while (at < end) {
    const bytes = v128.load(at)
    // As signed numbers, bytes of multi-byte sequences are below all others.
    const found = i8x16.bitmask(
      v128.or(
        i8x16.lt_s(bytes, i8x16.splat(0x20)),
        v128.or(i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)), i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH))),
      ),
    )
    if (found != 0) return at + ctz(found)
    at += 16
  }
  return at
}

/** The first place from `from` on that holds no digit. */
export function digitsEnd(from: usize): usize {
  let at = from
  while (true) {
    const found = i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(at), i8x16.splat(0x30)), i8x16.splat(9)))
    if (found != 0) return at + ctz(found)
    at += 16
  }
}

/** Whether `stringEnd` met an escape: its second result. */
export let afterEscapes: bool = false

/**
 * Finds the place after the closing quote of a string, some place in whose content is `from`, checking escapes and
 * UTF-8. The byte at `end - 1` must be a closing brace or bracket: no escape or sequence reads on after it.
 *
 * @returns The place, or a negated status.
 */
export function stringEnd(from: usize, end: usize): usize {
  afterEscapes = false
  let at = from
  while (<i32>at >= 0 && at < end) {
    const byte: u32 = load<u8>(at)
    if (byte == BACKSLASH) {
      afterEscapes = true
      at = escapeEnd(at)
    } else if (byte >= 0x80) at = sequenceEnd(at)
    else if (byte == QUOTE) return at + 1
    else if (byte < 0x20) return -NOT_JSON
    else at = plainEnd(at, end)
  }
  return <i32>at < 0 ? at : -NOT_JSON
}

function escapeEnd(at: usize): usize {
  const byte: u32 = load<u8>(at + 1)
  if (byte == LOWER_U) {
    for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(load<u8>(digit))) return -NOT_JSON
    return at + 6
  }
  return isShortEscape(byte) ? at + 2 : -NOT_JSON
}

/** One of "\/bfnrt. */
function isShortEscape(byte: u32): bool {
  if (byte == QUOTE || byte == 0x2f || byte == BACKSLASH) return true
  return byte == 0x62 || byte == 0x66 || byte == 0x6e || byte == 0x72 || byte == 0x74
}

function isHexDigit(byte: u32): bool {
  return byte - 0x30 <= 9 || (byte | 0x20) - 0x61 <= 5
}

/** @see The Unicode Standard, table 3-7, well-formed UTF-8 byte sequences */
function sequenceEnd(at: usize): usize {
  const lead: u32 = load<u8>(at)
  const second: u32 = load<u8>(at + 1)
  if (lead < 0xc2 || lead > 0xf4) return -NOT_UTF8
  if (lead < 0xe0) return isContinuation(second) ? at + 2 : -NOT_UTF8
  const lowest: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80
  const highest: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest || !isContinuation(load<u8>(at + 2))) return -NOT_UTF8
  if (lead < 0xf0) return at + 3
  return isContinuation(load<u8>(at + 3)) ? at + 4 : -NOT_UTF8
}

function isContinuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80
}
