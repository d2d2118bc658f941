/**
 * Writes spans of merges in the protobuf of OTLP: copies of templates, into which ids, times and places are put.
 * `SpanWriter` in `../span-writer.ts` is its face.
 *
 * @see opentelemetry-proto, `trace/v1/trace.proto`
 */
import { carriedSpanBytesMax, spanIdAt, traceIdAt } from '../constants/span'
import { copyOver } from './copy'

/** What a part carries. */
export const carried = memory.data(carriedSpanBytesMax + 16, 16)

/** `Span.trace_state` and `Link.trace_state`, `Span.links`, and how many events and links there would be besides. */
const TRACE_STATE: u8 = (3 << 3) | 2
const LINK: u8 = (13 << 3) | 2
const DROPPED_EVENTS: u8 = 12 << 3
const DROPPED_LINKS: u8 = 14 << 3

/** Where else a template of a span has an id and its time, and one of a link its flags. */
const parentIdAt = spanIdAt + 8 + 2
const startAt = parentIdAt + 8 + 1
const linkFlagsAt = spanIdAt + 8 + 1
/** Events and links of one span, as SDKs keep of them; further ones are counted. */
const perSpanMax = 128
/** Words before the bytes of a template of a part. */
const partTemplateWords = 7

/** Where the length of the value of `traceparent` stands, which comes first, and what its value has where. */
const parentLengthAt: usize = 1 + 1 + 11
const traceIdFrom: usize = 3
const spanIdFrom: usize = traceIdFrom + 33
const flagsFrom: usize = spanIdFrom + 17
/** A header of a `tracestate` up to the length of its value. */
const stateNameBytes: usize = 1 + 10

let start: usize = 0
let end: usize = 0
let nowMs: f64 = 0
let startMs: f64 = 0
let parts: i32 = 0
let links: i32 = 0

export function heapBase(): usize {
  return __heap_base
}

/** Begins a span in the trace that `carried` is of, at a place, with a template and two halves of an id; returns where it has come to. */
export function begin(template: usize, length: u32, at: usize, now: f64, high: u32, low: u32): usize {
  start = at
  nowMs = startMs = now
  parts = links = 0
  copyOver(at, template, length)
  const parent = valueAt(carried + parentLengthAt)
  putBytes(at + traceIdAt, parent + traceIdFrom, 16)
  // None may be zero.
  store<u32>(at + spanIdAt, high | 1)
  store<u32>(at + spanIdAt, low, 4)
  putBytes(at + parentIdAt, parent + spanIdFrom, 8)
  end = putState(at + length)
  return end
}

/** Adds a part, which is linked where `carried` is of it; returns where the span has come to. */
export function addPart(template: usize, partition: u32, offset: f64, timestampMs: f64, isLinked: bool): usize {
  const timeMs = timestampMs < 0 || timestampMs > nowMs ? nowMs : timestampMs
  startMs = min(startMs, timeMs)
  const eventBytes = load<u32>(template)
  const placedBytes = load<u32>(template, 8)
  const linkBytes = load<u32>(template, 16)
  const event = template + (partTemplateWords << 2)
  parts++
  if (parts < perSpanMax) {
    const time = end + (isLinked ? load<u32>(template, 4) : load<u32>(template, 12))
    if (isLinked) end = copyOver(end, event, eventBytes)
    else {
      end = copyOver(end, event + eventBytes, placedBytes)
      putPlace(template, partition, offset)
    }
    putTime(time, timeMs)
  }
  if (isLinked && ++links <= perSpanMax) {
    store<u8>(end, LINK)
    const at = putVarint(end + 1, linkBytes + stateFieldBytes())
    const parent = valueAt(carried + parentLengthAt)
    end = copyOver(at, event + eventBytes + placedBytes, linkBytes)
    putPlace(template, partition, offset)
    putBytes(at + traceIdAt, parent + traceIdFrom, 16)
    putBytes(at + spanIdAt, parent + spanIdFrom, 8)
    putBytes(at + linkFlagsAt, parent + flagsFrom, 1)
    end = putState(end)
  }
  return end
}

/** Ends the span with its last event, whose time is at a place in its template; returns where it ends. */
export function finish(event: usize, length: u32, timeAt: u32): usize {
  putTime(start + startAt, startMs)
  const time = end + timeAt
  end = copyOver(end, event, length)
  putTime(time, nowMs)
  putDropped(DROPPED_EVENTS, parts - (perSpanMax - 1))
  putDropped(DROPPED_LINKS, links - perSpanMax)
  return end
}

/** Nanoseconds. What is beyond 64 bits is left out. */
function putTime(at: usize, ms: f64): void {
  store<u64>(at, <u64>ms * 1_000_000)
}

/** Bytes that hexadecimal digits stand for. */
function putBytes(to: usize, from: usize, count: usize): void {
  for (const last = to + count; to < last; to++, from += 2) {
    store<u8>(to, <u8>((digit(load<u8>(from)) << 4) | digit(load<u8>(from, 1))))
  }
}

function digit(code: u32): u32 {
  return (code & 15) + (code >> 6) * 9
}

/** Writes partition and offset into what has just been copied of a template, by where it ends. */
function putPlace(template: usize, partition: u32, offset: f64): void {
  // The template has as many digits as the partition.
  let at = end - load<u32>(template, 20)
  do {
    store<u8>(--at, <u8>(0x30 + (partition % 10)))
    partition /= 10
  } while (partition != 0)
  putVarint(end - load<u32>(template, 24), <u64>offset)
}

function putVarint(at: usize, value: u64): usize {
  for (; value > 0x7f; value >>= 7) store<u8>(at++, <u8>(value | 0x80))
  store<u8>(at++, <u8>value)
  return at
}

/** Where the value of a header begins whose length stands at a place, in a byte or two. */
function valueAt(lengthAt: usize): usize {
  return lengthAt + (load<u8>(lengthAt) < 0x80 ? 1 : 2)
}

/** The length of such a value, of 512 at most, whose double is written. */
function valueBytes(lengthAt: usize): u32 {
  const low: u32 = load<u8>(lengthAt)
  return (low < 0x80 ? low : (low & 0x7f) | ((<u32>load<u8>(lengthAt, 1)) << 7)) >> 1
}

/** Where the length of the carried state stands; 0 where there is none. */
function stateLengthAt(): usize {
  if ((load<u8>(carried) & 0x7f) < 2) return 0
  const lengthAt = carried + parentLengthAt
  return valueAt(lengthAt) + valueBytes(lengthAt) + stateNameBytes
}

/** What `putState` will write. */
function stateFieldBytes(): u32 {
  const lengthAt = stateLengthAt()
  if (lengthAt == 0) return 0
  const length = valueBytes(lengthAt)
  return (length < 0x80 ? 2 : 3) + length
}

function putState(at: usize): usize {
  const lengthAt = stateLengthAt()
  if (lengthAt == 0) return at
  const length = valueBytes(lengthAt)
  store<u8>(at, TRACE_STATE)
  return copyOver(putVarint(at + 1, length), valueAt(lengthAt), length)
}

function putDropped(field: u8, count: i32): void {
  if (count <= 0) return
  store<u8>(end, field)
  end = putVarint(end + 1, count)
}
