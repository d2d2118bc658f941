import { ByteCursor, encodeHeader } from '../../kernel/index.ts'
import type { TracedSpanContext } from './open-telemetry-tracer.ts'
import { TraceState } from './trace-state.ts'

/** Bytes of one header that are carried; a longer `tracestate` is left out, a longer `traceparent` is none. */
const headerBytesMax = 512

/** Version, id of the trace, id of the parent and flags; what comes after them in a later version is not looked at. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/
/** In version 00 nothing may come after them. */
const lengthOfVersion00 = 55

/**
 * The trace that a record came with, as a part carries it: the number of its headers, 1 or 2, in one byte, and the
 * headers `traceparent` and `tracestate` with the bytes that they came with. Undefined where the `traceparent` is not
 * valid.
 *
 * @param parent - The value of its last header `traceparent`.
 * @param state - That of its last header `tracestate`, if it has one.
 *
 * @see W3C Trace Context, https://www.w3.org/TR/trace-context/
 */
export function traceContextOf(parent: Uint8Array, state: Uint8Array | undefined): Uint8Array | undefined {
  if (!isTraceparent(parent)) return undefined
  return carried(parent, state !== undefined && isCarriable(state) ? state : undefined)
}

function carried(parent: Uint8Array, state: Uint8Array | undefined): Uint8Array {
  const headers = [encodeHeader('traceparent', parent)]
  if (state !== undefined) headers.push(encodeHeader('tracestate', state))
  return Buffer.concat([Uint8Array.of(headers.length), ...headers])
}

/** The span that a part carries, as `traceContextOf` has found it. */
export function carriedSpan(context: Uint8Array): TracedSpanContext {
  const cursor = new ByteCursor(context, 1)
  const next = () => {
    cursor.sized()
    return Buffer.from(cursor.sized()!).toString('latin1')
  }
  const [, traceId, spanId, flags] = next().split('-') as [string, string, string, string]
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return cursor.isAtEnd ? span : { ...span, traceState: new TraceState(next()) }
}

/** What a record carries on of a span, in the same form. */
export function carriedOn({ traceId, spanId, traceFlags, traceState }: TracedSpanContext): Uint8Array {
  const parent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  const state = Buffer.from(traceState?.serialize() ?? '', 'latin1')
  return carried(Buffer.from(parent), isCarriable(state) ? state : undefined)
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
