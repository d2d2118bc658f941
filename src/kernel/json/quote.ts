import { unescapeInto } from './unescape.ts'

const utf8 = new TextEncoder()

/** The JSON spelling of a string, quotes included, in UTF-8; a surrogate without a partner is escaped. */
export function encodeJsonString(text: string): Uint8Array {
  return utf8.encode(JSON.stringify(text))
}

/** The bytes that `unescapeInto` gives for any spelling of `text`. */
export function contentBytes(text: string): Uint8Array {
  const spelling = encodeJsonString(text)
  const content = new Uint8Array(spelling.length)
  return content.slice(0, unescapeInto(content, 0, spelling, 1, spelling.length - 1))
}
