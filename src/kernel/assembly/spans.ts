/**
 * Writes spans of merges in the protobuf of OTLP, many with one call: copies of templates, into which ids, times and
 * places are put. Merges come as the table tells of them: `traced-merges.ts` draws how. `SpanWriter` in
 * `../span-writer.ts` is its face.
 *
 * @see opentelemetry-proto, `trace/v1/trace.proto`
 */
import { lastBytesMax, partTemplateWords } from '../constants/span'
import {
  mergedPartBytes,
  mergeHeadBytes,
  mergeSpanIdAt,
  partCarriedLengthAt,
  partCountAt,
  partOffsetAt,
  partPartitionAt,
  partTimestampAt,
} from '../constants/traced-merge'
import { copyOver } from './copy'
import { partitionOf, templateOf } from './spans-imports'

/** `ScopeSpans.spans`, `Span.trace_state` and `Link.trace_state`, `Span.links`, and what there would be besides. */
const SPAN: u8 = (2 << 3) | 2
const TRACE_STATE: u8 = (3 << 3) | 2
const LINK: u8 = (13 << 3) | 2
const DROPPED_EVENTS: u8 = 12 << 3
const DROPPED_LINKS: u8 = 14 << 3

/** Where the ids are in the template of a span, and in that of a link, which begins with the same two. */
const traceIdAt = 2
const spanIdAt = traceIdAt + 16 + 2
/** Where else a template of a span has an id and its time, and one of a link its flags. */
const parentIdAt = spanIdAt + 8 + 2
const startAt = parentIdAt + 8 + 1
const linkFlagsAt = spanIdAt + 8 + 1
/** Events and links of one span, as SDKs keep of them; further ones are counted. The last event is that of the merge. */
const perSpanMax: u32 = 128
const partEventsMax: u32 = perSpanMax - 1

/** Where the length of the value of `traceparent` stands, which comes first, and what its value has where. */
const parentLengthAt: usize = 1 + 1 + 11
const traceIdFrom: usize = 3
const spanIdFrom: usize = traceIdFrom + 33
const flagsFrom: usize = spanIdFrom + 17
/** A header of a `tracestate` up to the length of its value. */
const stateNameBytes: usize = 1 + 10
/** What copies write after their end. */
const slackBytes = 16

/** Address and length of the templates of spans, by the bytes of the number of their parts, with which they end. */
export const spanTemplates = memory.data(3 * 8, 16)
/** The event that each span ends with; where its time is in it. */
export let mergedEvent: usize = 0
export let mergedEventBytes: u32 = 0
export let mergedTimeAt: u32 = 0
/** The fields that end each span of an epoch. */
export const last = memory.data(lastBytesMax + slackBytes, 16)
export let lastBytes: u32 = 0

/** Where what was written ends, how many spans it has, and what the next one takes that has no room. */
export let written: usize = 0
export let writtenCount: u32 = 0
export let needed: u32 = 0

/** Kinds of parts whose templates have been asked for, each at a place that its number leads to: key, template, partition. */
const knownBits = 12
const known = memory.data(16 << knownBits, 16)

let random: u64 = 1
let nowMs: f64 = 0
let end: usize = 0

export function heapBase(): usize {
  return __heap_base
}

/** Ids follow from two numbers. */
export function seed(high: u32, low: u32): void {
  random = ((<u64>high) << 32) | low | 1
}

/**
 * Writes the spans of the merges between two places, which were published at one time, to a place, as fields of
 * `ScopeSpans`; returns where it has come to: to the end, or to the merge whose span would end after `limit`.
 */
export function write(from: usize, until: usize, publishedMs: f64, to: usize, limit: usize): usize {
  nowMs = publishedMs
  end = to
  writtenCount = 0
  for (; from < until; from += load<u32>(from)) {
    const bytes = spanBytes(from)
    needed = 1 + varintBytes(bytes) + bytes + slackBytes
    if (end + needed > limit) break
    store<u8>(end, SPAN)
    end = putVarint(end + 1, bytes)
    writeSpan(from)
    writtenCount++
  }
  written = end
  return from
}

/** What `writeSpan` will write. */
function spanBytes(merge: usize): u32 {
  const parts = load<u32>(merge, partCountAt)
  let bytes = load<u32>(spanTemplate(parts), 4) + mergedEventBytes + lastBytes
  let links: u32 = 0
  let part = merge + mergeHeadBytes
  for (let index: u32 = 0; index < parts; index++) {
    const template = load<u32>(kindOf(part), 8)
    const carriedLength = load<u32>(part, partCarriedLengthAt)
    if (index < partEventsMax) bytes += carriedLength == 0 ? load<u32>(template, 8) : load<u32>(template)
    if (carriedLength != 0) {
      const state = stateFieldBytes(part + mergedPartBytes)
      // The state of the first one is that of the span as well.
      if (links == 0) bytes += state
      if (links < perSpanMax) {
        const link = load<u32>(template, 16) + state
        bytes += 1 + varintBytes(link) + link
      }
      links++
    }
    part += mergedPartBytes + carriedLength
  }
  return bytes + droppedBytes(parts, partEventsMax) + droppedBytes(links, perSpanMax)
}

function writeSpan(merge: usize): void {
  const parts = load<u32>(merge, partCountAt)
  const start = end
  let startMs = nowMs
  let links: u32 = 0
  end = copyOver(end, load<u32>(spanTemplate(parts)), load<u32>(spanTemplate(parts), 4))
  putVarint(end - varintBytes(parts), parts)
  let part = merge + mergeHeadBytes
  const first = firstFollowed(merge)
  putParent(start, first, parentIdAt)
  store<u64>(start + spanIdAt, idOf(merge))
  end = putState(end, first)
  for (let index: u32 = 0; index < parts; index++) {
    const template: usize = load<u32>(kindOf(part), 8)
    const partition = load<u32>(kindOf(part), 12)
    const carriedLength = load<u32>(part, partCarriedLengthAt)
    const timeMs = timeOf(part)
    startMs = min(startMs, timeMs)
    if (index < partEventsMax) putEvent(template, partition, part, timeMs)
    if (carriedLength != 0 && links++ < perSpanMax) putLink(template, partition, part)
    part += mergedPartBytes + carriedLength
  }
  putTime(start + startAt, startMs)
  const time = end + mergedTimeAt
  end = copyOver(end, mergedEvent, mergedEventBytes)
  putTime(time, nowMs)
  putDropped(DROPPED_EVENTS, parts, partEventsMax)
  putDropped(DROPPED_LINKS, links, perSpanMax)
  end = copyOver(end, last, lastBytes)
}

function spanTemplate(parts: u32): usize {
  return spanTemplates + ((varintBytes(parts) - 1) << 3)
}

/** What the first part carries whose trace is followed. */
function firstFollowed(merge: usize): usize {
  let part = merge + mergeHeadBytes
  while (load<u32>(part, partCarriedLengthAt) == 0) part += mergedPartBytes
  return part + mergedPartBytes
}

/** The id that the span has already, or a new one. */
function idOf(merge: usize): u64 {
  const id = load<u64>(merge, mergeSpanIdAt)
  return id == 0 ? nextId() : id
}

/** None is zero. @see Vigna, xorshift64* */
function nextId(): u64 {
  random ^= random >> 12
  random ^= random << 25
  random ^= random >> 27
  return random * 0x2545f4914f6cdd1d
}

/** Where it stands what is known of parts of this kind. */
function kindOf(part: usize): usize {
  const number = load<u32>(part, partPartitionAt)
  const side = load<u32>(part)
  const offsetBytes = varintBytes(<u64>load<f64>(part, partOffsetAt))
  // Never 0, because an offset has a byte at least.
  const key = ((<u64>number) << 16) | (side << 8) | offsetBytes
  const kind = known + (((<u32>(key ^ (key >> 32)) * 0x9e3779b1) >>> (32 - knownBits)) << 4)
  if (load<u64>(kind) != key) {
    store<u64>(kind, key)
    store<u32>(kind, <u32>templateOf(number, side, offsetBytes), 8)
    store<u32>(kind, partitionOf(number), 12)
  }
  return kind
}

/** When a part was, as far as that is known, and not after its merge. */
function timeOf(part: usize): f64 {
  const timestampMs = load<f64>(part, partTimestampAt)
  return timestampMs < 0 || timestampMs > nowMs ? nowMs : timestampMs
}

/** The event of a part, which says where its record is unless a link does. */
function putEvent(template: usize, partition: u32, part: usize, timeMs: f64): void {
  const events = template + (partTemplateWords << 2)
  const eventBytes = load<u32>(template)
  const isLinked = load<u32>(part, partCarriedLengthAt) != 0
  const time = end + load<u32>(template + (isLinked ? 4 : 12))
  if (isLinked) end = copyOver(end, events, eventBytes)
  else {
    end = copyOver(end, events + eventBytes, load<u32>(template, 8))
    putPlace(template, partition, part)
  }
  putTime(time, timeMs)
}

function putLink(template: usize, partition: u32, part: usize): void {
  const carried = part + mergedPartBytes
  const linkBytes = load<u32>(template, 16)
  store<u8>(end, LINK)
  const at = putVarint(end + 1, linkBytes + stateFieldBytes(carried))
  const link = template + (partTemplateWords << 2) + load<u32>(template) + load<u32>(template, 8)
  end = copyOver(at, link, linkBytes)
  putPlace(template, partition, part)
  putParent(at, carried, spanIdAt)
  putBytes(at + linkFlagsAt, valueAt(carried + parentLengthAt) + flagsFrom, 1)
  end = putState(end, carried)
}

/** Writes the trace that a part is of, and its span to a place. */
function putParent(to: usize, carried: usize, idAt: usize): void {
  const parent = valueAt(carried + parentLengthAt)
  putBytes(to + traceIdAt, parent + traceIdFrom, 16)
  putBytes(to + idAt, parent + spanIdFrom, 8)
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
function putPlace(template: usize, partition: u32, part: usize): void {
  // The template has as many digits as the partition.
  let at = end - load<u32>(template, 20)
  do {
    store<u8>(--at, <u8>(0x30 + (partition % 10)))
    partition /= 10
  } while (partition != 0)
  putVarint(end - load<u32>(template, 24), <u64>load<f64>(part, partOffsetAt))
}

function putVarint(at: usize, value: u64): usize {
  for (; value > 0x7f; value >>= 7) store<u8>(at++, <u8>(value | 0x80))
  store<u8>(at++, <u8>value)
  return at
}

function varintBytes(value: u64): u32 {
  let length: u32 = 1
  for (; value > 0x7f; value >>= 7) length++
  return length
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
function stateLengthAt(carried: usize): usize {
  if ((load<u8>(carried) & 0x7f) < 2) return 0
  const lengthAt = carried + parentLengthAt
  return valueAt(lengthAt) + valueBytes(lengthAt) + stateNameBytes
}

/** What `putState` will write. */
function stateFieldBytes(carried: usize): u32 {
  const lengthAt = stateLengthAt(carried)
  if (lengthAt == 0) return 0
  const length = valueBytes(lengthAt)
  return 1 + varintBytes(length) + length
}

function putState(at: usize, carried: usize): usize {
  const lengthAt = stateLengthAt(carried)
  if (lengthAt == 0) return at
  const length = valueBytes(lengthAt)
  store<u8>(at, TRACE_STATE)
  return copyOver(putVarint(at + 1, length), valueAt(lengthAt), length)
}

/** What `putDropped` will write. */
function droppedBytes(count: u32, kept: u32): u32 {
  return count > kept ? 1 + varintBytes(count - kept) : 0
}

function putDropped(field: u8, count: u32, kept: u32): void {
  if (count <= kept) return
  store<u8>(end, field)
  end = putVarint(end + 1, count - kept)
}
