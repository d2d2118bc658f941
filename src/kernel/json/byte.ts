/** The bytes that JSON gives a meaning, by name. */
export const Byte = {
  SPACE: 0x20,
  QUOTE: 0x22,
  PLUS: 0x2b,
  COMMA: 0x2c,
  MINUS: 0x2d,
  POINT: 0x2e,
  ZERO: 0x30,
  NINE: 0x39,
  COLON: 0x3a,
  OPEN_BRACKET: 0x5b,
  BACKSLASH: 0x5c,
  LOWER_E: 0x65,
  LOWER_U: 0x75,
  OPEN_BRACE: 0x7b,
  CLOSE_BRACE: 0x7d,
} as const

/** A table with 1 for each of the characters, all ASCII, and 0 for every other byte. */
export function byteSet(characters: string): Uint8Array {
  const set = new Uint8Array(256)
  for (let index = 0; index < characters.length; index++) set[characters.charCodeAt(index)] = 1
  return set
}
