const BACKSLASH = 0x5c
const LOWER_U = 0x75

/** The character that a backslash followed by this byte stands for; most stand for themselves. */
const escaped = Uint8Array.from({ length: 256 }, (_, byte) => byte)
escaped[0x62] = 0x08
escaped[0x66] = 0x0c
escaped[0x6e] = 0x0a
escaped[0x72] = 0x0d
escaped[0x74] = 0x09

/**
 * Writes the content of a string, given as the valid bytes between its quotes, with every escape resolved.
 * The result is WTF-8: UTF-8 in which a surrogate that has no partner keeps a sequence of its own, so that different
 * strings never become the same bytes. It is never longer than the spelling.
 *
 * @returns The place after the last byte written.
 * @see The WTF-8 encoding, https://simonsapin.github.io/wtf-8/
 */
export function unescapeInto(target: Uint8Array, to: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let put = to
  while (at < end) {
    const byte = bytes[at]!
    if (byte !== BACKSLASH) {
      target[put++] = byte
      at++
    } else if (bytes[at + 1] !== LOWER_U) {
      target[put++] = escaped[bytes[at + 1]!]!
      at += 2
    } else {
      let codePoint = hexUnit(bytes, at + 2)
      at += 6
      if ((codePoint & 0xfc00) === 0xd800 && at < end && bytes[at] === BACKSLASH && bytes[at + 1] === LOWER_U) {
        const next = hexUnit(bytes, at + 2)
        if ((next & 0xfc00) === 0xdc00) {
          codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (next & 0x3ff)
          at += 6
        }
      }
      put = encodeInto(target, put, codePoint)
    }
  }
  return put
}

/** The UTF-16 code unit that four hexadecimal digits spell. */
function hexUnit(bytes: Uint8Array, at: number): number {
  return (
    (hexDigit(bytes[at]!) << 12) |
    (hexDigit(bytes[at + 1]!) << 8) |
    (hexDigit(bytes[at + 2]!) << 4) |
    hexDigit(bytes[at + 3]!)
  )
}

function hexDigit(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57
}

function encodeInto(target: Uint8Array, to: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[to] = codePoint
    return to + 1
  }
  if (codePoint < 0x800) {
    target[to] = 0xc0 | (codePoint >> 6)
    target[to + 1] = 0x80 | (codePoint & 0x3f)
    return to + 2
  }
  if (codePoint < 0x10000) {
    target[to] = 0xe0 | (codePoint >> 12)
    target[to + 1] = 0x80 | ((codePoint >> 6) & 0x3f)
    target[to + 2] = 0x80 | (codePoint & 0x3f)
    return to + 3
  }
  target[to] = 0xf0 | (codePoint >> 18)
  target[to + 1] = 0x80 | ((codePoint >> 12) & 0x3f)
  target[to + 2] = 0x80 | ((codePoint >> 6) & 0x3f)
  target[to + 3] = 0x80 | (codePoint & 0x3f)
  return to + 4
}
