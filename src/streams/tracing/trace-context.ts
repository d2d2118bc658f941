import { encodeHeader, headerOf, type RecordColumns } from '../../kernel/index.ts'

/** Bytes of one header that are carried; a longer `tracestate` is left out, a longer `traceparent` is none. */
const headerBytesMax = 512

/** Version, id of the trace, id of the parent and flags; what comes after them in a later version is not looked at. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/
/** In version 00 nothing may come after them. */
const lengthOfVersion00 = 55

/**
 * The trace that a record came with, as a part carries it: the number of its headers, 1 or 2, in one byte, and the
 * headers `traceparent` and `tracestate` with the bytes that they came with. Undefined where there is no valid
 * `traceparent`.
 *
 * @see W3C Trace Context, https://www.w3.org/TR/trace-context/
 */
export function traceContextOf(columns: RecordColumns, row: number): Uint8Array | undefined {
  const parent = headerOf(columns, row, 'traceparent')
  if (parent === undefined || !isTraceparent(parent)) return undefined
  const state = headerOf(columns, row, 'tracestate')
  const headers = [encodeHeader('traceparent', parent)]
  if (state !== undefined && isCarriable(state)) headers.push(encodeHeader('tracestate', state))
  return Buffer.concat([Uint8Array.of(headers.length), ...headers])
}

function isTraceparent(bytes: Uint8Array): boolean {
  if (bytes.length < lengthOfVersion00 || bytes.length > headerBytesMax) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return traceparentForm.test(text) && (text.length === lengthOfVersion00 || !text.startsWith('00'))
}

/** Whether a `tracestate` is text of which some is there. Its members are for those who wrote them. */
function isCarriable(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.length > headerBytesMax) return false
  return bytes.every((byte) => byte === 0x09 || (byte >= 0x20 && byte < 0x7f))
}
