import { ByteCursor, encodeHeader, type GrowableBytes, type HeaderFinder, writeVarint } from '../../kernel/index.ts'
import type { TracedSpanContext } from './open-telemetry-tracer.ts'
import { TraceState } from './trace-state.ts'

/** Bytes of one header that are carried; a longer `tracestate` is left out, a longer `traceparent` is none. */
const headerBytesMax = 512

/** Where version, id of the trace, id of the parent and flags of a `traceparent` end; a dash stands between them. */
const fieldEnds = [2, 35, 52, 55] as const
/** In version 00 nothing may come after them; in a later one what does is not looked at. */
const lengthOfVersion00 = 55

const parentName = encodeHeader('traceparent', new Uint8Array(0)).subarray(0, -1)
const stateName = encodeHeader('tracestate', new Uint8Array(0)).subarray(0, -1)
/** The names, and the numbers around them. */
const namesBytesMax = 64

/**
 * Appends the trace that a record came with, as a part carries it: the number of its headers, 1 or 2, in one byte, and
 * the headers `traceparent` and `tracestate` with the bytes that they came with. Returns whether there is one: the
 * `traceparent` is valid. It makes no object.
 *
 * @param mark - A bit that the first byte has besides.
 * @param parent - Has found its last header `traceparent`.
 * @param state - Has found its last header `tracestate`, if it has one.
 *
 * @see W3C Trace Context, https://www.w3.org/TR/trace-context/
 */
export function appendTraceContext(
  to: GrowableBytes,
  mark: number,
  bytes: Uint8Array,
  parent: HeaderFinder,
  state: HeaderFinder | undefined,
): boolean {
  if (!isTraceparent(bytes, parent.start, parent.length)) return false
  const hasState = state !== undefined && isCarriable(bytes, state.start, state.length)
  to.reserve(namesBytesMax + parent.length + (hasState ? state.length : 0))
  to.bytes[to.length] = mark | (hasState ? 2 : 1)
  to.length = putHeader(to.bytes, to.length + 1, parentName, bytes, parent)
  if (hasState) to.length = putHeader(to.bytes, to.length, stateName, bytes, state)
  return true
}

function putHeader(to: Uint8Array, at: number, name: Uint8Array, bytes: Uint8Array, value: HeaderFinder): number {
  to.set(name, at)
  at = writeVarint(to, at + name.length, value.length)
  to.set(bytes.subarray(value.start, value.start + value.length), at)
  return at + value.length
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
  return carried(Buffer.from(parent), isCarriable(state, 0, state.length) ? state : undefined)
}

function isTraceparent(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < lengthOfVersion00 || length > headerBytesMax) return false
  const isVersion00 = bytes[start] === zero && bytes[start + 1] === zero
  if (length > lengthOfVersion00 && (isVersion00 || bytes[start + lengthOfVersion00] !== dash)) return false
  if (bytes[start] === lastDigit && bytes[start + 1] === lastDigit) return false
  let from = 0
  for (const end of fieldEnds) {
    if (end < lengthOfVersion00 && bytes[start + end] !== dash) return false
    let isZero = true
    for (let at = start + from; at < start + end; at++) {
      const digit = bytes[at]!
      if (!((digit >= zero && digit < zero + 10) || (digit >= letter && digit <= lastDigit))) return false
      isZero &&= digit === zero
    }
    // An id of zeros is none.
    if (isZero && end - from > 2) return false
    from = end + 1
  }
  return true
}

/** Of hexadecimal digits, and between them. */
const [zero, letter, lastDigit, dash] = [0x30, 0x61, 0x66, 0x2d]

/** Whether a `tracestate` is text of which some is there. Its members are for those who wrote them. */
function isCarriable(bytes: Uint8Array, start: number, length: number): boolean {
  if (length === 0 || length > headerBytesMax) return false
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at]!
    if (byte !== 0x09 && (byte < 0x20 || byte >= 0x7f)) return false
  }
  return true
}
