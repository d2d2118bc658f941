import type { Random } from '../../../core/random.ts'
import { type CarryingPart, GrowableBytes, TRACED } from '../../../kernel/index.ts'
import { hexOf, putHex } from './hex.ts'
import { isFollowed, type MergeSpanNames, messagingAttributes, spanTitle } from '../merge-span.ts'
import { type EventTemplate, type PartTemplate, PartTemplates, putPlace } from './part-templates.ts'
import { attribute, field, putNanoseconds, putVarint, varintBytes, varintField } from './protobuf.ts'
import {
  ATTRIBUTES,
  END_TIME,
  EVENT,
  EVENT_TIME,
  FLAGS,
  headBytes,
  isRemote,
  LINK,
  PARENT_ID,
  SPAN_ID,
  START_TIME,
  timeField,
  TRACE_ID,
  TRACE_STATE,
} from './span-fields.ts'

const droppedEvents = 12
const droppedLinks = 14

/** `SPAN_KIND_CONSUMER` */
const consumer = 5
const isSampled = 0x01
/** Events and links of one span, as SDKs keep of them; further ones are counted. */
const perSpanMax = 128

/** Where the headers of a part have what is needed: `traceparent` comes first, with the length of its value before it. */
const parentLengthAt = 1 + 1 + 'traceparent'.length
const traceIdFrom = 3
const spanIdFrom = traceIdFrom + 33
const flagsFrom = spanIdFrom + 17

/** Where the templates of a span and of a link, without its head, have ids, time and flags. */
const traceIdAt = 2
const spanIdAt = traceIdAt + 16 + 2
const parentIdAt = spanIdAt + 8 + 2
const startAt = parentIdAt + 8 + 1
const linkFlagsAt = spanIdAt + 8 + 1
/** What is written besides templates and states, generously. */
const restBytes = 64

/**
 * Writes spans of merges as OTLP has them in protobuf, straight from the bytes that parts carry: copies of templates,
 * into which ids, times and offsets are put, and no object is made of a span. They say the same as those of a tracer
 * (`MergeSpan`).
 *
 * Cost per span: two copies of some hundred bytes a part.
 *
 * @see opentelemetry-proto, `trace/v1/trace.proto`
 */
export class SpanEncoder {
  /** The spans one after the other, each without what is known when its epoch has committed: `lastFields`. */
  readonly out = new GrowableBytes(1 << 16)
  readonly #names: MergeSpanNames
  readonly #random: Random
  /** By the number of parts. */
  readonly #spans: Uint8Array[] = []
  readonly #parts: PartTemplates
  /** Where the span begins that was written last. */
  #start = 0

  /** @param parts - May be shared with other encoders of the program. */
  constructor(names: MergeSpanNames, random: Random, parts: PartTemplates = new PartTemplates(names)) {
    this.#names = names
    this.#parts = parts
    this.#random = random
  }

  /** Writes the span of a merge; returns whether there is one: the trace of a part is followed. */
  encode(parts: readonly CarryingPart[], nowMs: number): boolean {
    const first = parts.find(isFollowed)
    if (first === undefined) return false
    const { out } = this
    const template = (this.#spans[parts.length] ??= this.#newSpan(parts.length))
    const start = out.length
    out.reserve(template.length + first.carried.length)
    out.bytes.set(template, start)
    this.#start = start
    this.#putIds(first.carried)
    let at = putState(out.bytes, start + template.length, first.carried)
    let startMs = nowMs
    let links = 0
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!
      const { timestamp } = part
      const timeMs = timestamp < 0 || timestamp > nowMs ? nowMs : timestamp
      startMs = Math.min(startMs, timeMs)
      const place = this.#parts.placeOf(part.partition)
      const partTemplate = this.#parts.of(place, part)
      const isLinked = isFollowed(part)
      const event = isLinked ? partTemplate.event : partTemplate.placedEvent
      out.reserve(at - start + event.bytes.length + partTemplate.link.length + restBytes + (part.carried?.length ?? 0))
      if (index < perSpanMax - 1) {
        at = this.#putEvent(event, timeMs, at)
        if (!isLinked) putPlace(out.bytes, at, partTemplate, place, part.offset)
      }
      if (isLinked && ++links <= perSpanMax) {
        at = this.#putLink(partTemplate, part.carried, at)
        putPlace(out.bytes, at, partTemplate, place, part.offset)
        at = putState(out.bytes, at, part.carried)
      }
    }
    out.reserve(at - start + mergedEvent.length + restBytes)
    const { bytes, view } = out
    putNanoseconds(view, start + startAt, startMs)
    bytes.set(mergedEvent, at)
    putNanoseconds(view, at + mergedTimeAt, nowMs)
    at = putDropped(bytes, at + mergedEvent.length, droppedEvents, parts.length - (perSpanMax - 1))
    out.length = putDropped(bytes, at, droppedLinks, links - perSpanMax)
    return true
  }

  /** Names the span that was written last. */
  get spanContext() {
    const { bytes } = this.out
    const [traceId, spanId] = [this.#start + traceIdAt, this.#start + spanIdAt]
    return { traceId: hexOf(bytes, traceId, 16), spanId: hexOf(bytes, spanId, 8), traceFlags: isSampled }
  }

  /** The fields that end each span of an epoch. */
  static lastFields(epoch: number, endMs: number): Buffer {
    const time = Buffer.alloc(9, END_TIME)
    putNanoseconds(new DataView(time.buffer, time.byteOffset, time.length), 1, endMs)
    return Buffer.concat([time, attribute(ATTRIBUTES, 'millrace.epoch', epoch)])
  }

  #putIds(parent: Uint8Array): void {
    const { bytes, view } = this.out
    const start = this.#start
    const value = valueFrom(parent, parentLengthAt)
    putHex(bytes, start + traceIdAt, parent, value + traceIdFrom, 16)
    // None may be zero.
    view.setUint32(start + spanIdAt, this.#random.nextUint32() | 1)
    view.setUint32(start + spanIdAt + 4, this.#random.nextUint32())
    putHex(bytes, start + parentIdAt, parent, value + spanIdFrom, 8)
  }

  #putEvent(event: EventTemplate, timeMs: number, at: number): number {
    const { bytes, view } = this.out
    bytes.set(event.bytes, at)
    putNanoseconds(view, at + event.timeAt, timeMs)
    return at + event.bytes.length
  }

  /** But for the state, which comes after it. */
  #putLink({ linkHead, link }: PartTemplate, carried: Uint8Array, at: number): number {
    const { bytes } = this.out
    const state = stateBytes(carried)
    if (state === 0) bytes.set(linkHead, at)
    const start = state === 0 ? at + linkHead.length : putHead(bytes, at, LINK, link.length + state)
    const value = valueFrom(carried, parentLengthAt)
    bytes.set(link, start)
    putHex(bytes, start + traceIdAt, carried, value + traceIdFrom, 16)
    putHex(bytes, start + spanIdAt, carried, value + spanIdFrom, 8)
    putHex(bytes, start + linkFlagsAt, carried, value + flagsFrom, 1)
    return start + link.length
  }

  #newSpan(parts: number): Uint8Array {
    const { plan } = this.#names
    const id = (number: number, length: number) => field(number, new Uint8Array(length))
    return Buffer.concat([
      id(TRACE_ID, 16),
      id(SPAN_ID, 8),
      id(PARENT_ID, 8),
      timeField(START_TIME),
      field(5, spanTitle(plan)),
      varintField(6, consumer),
      Buffer.from([...FLAGS, isSampled, isRemote >> 8, 0, 0]),
      ...Object.entries(messagingAttributes(plan)).map(([key, value]) => attribute(ATTRIBUTES, key, value)),
      attribute(ATTRIBUTES, 'messaging.batch.message_count', parts),
    ])
  }
}

const mergedEvent = field(EVENT, [timeField(EVENT_TIME), field(2, 'millrace.merged')])
const mergedTimeAt = headBytes(mergedEvent) + 1

/** Where the value of a header begins whose length stands at a place. */
function valueFrom(carried: Uint8Array, at: number): number {
  return carried[at]! < 0x80 ? at + 1 : at + 2
}

/** The length of such a value, of 512 at most, as a zigzag varint. */
function valueBytes(carried: Uint8Array, at: number): number {
  const low = carried[at]!
  return (low < 0x80 ? low : (low & 0x7f) | (carried[at + 1]! << 7)) >> 1
}

/** Where the length of the state stands; 0 where a part carries none. */
function stateAt(carried: Uint8Array): number {
  if ((carried[0]! & ~TRACED) < 2) return 0
  return valueFrom(carried, parentLengthAt) + valueBytes(carried, parentLengthAt) + 1 + 'tracestate'.length
}

/** What `putState` will write. */
function stateBytes(carried: Uint8Array): number {
  const at = stateAt(carried)
  if (at === 0) return 0
  const length = valueBytes(carried, at)
  return 1 + varintBytes(length) + length
}

function putState(bytes: Uint8Array, at: number, carried: Uint8Array): number {
  const from = stateAt(carried)
  if (from === 0) return at
  const length = valueBytes(carried, from)
  const value = valueFrom(carried, from)
  at = putHead(bytes, at, TRACE_STATE, length)
  bytes.set(carried.subarray(value, value + length), at)
  return at + length
}

/** How many events or links there would be besides. */
function putDropped(bytes: Uint8Array, at: number, field: number, count: number): number {
  if (count <= 0) return at
  bytes[at] = field << 3
  return putVarint(bytes, at + 1, count)
}

function putHead(bytes: Uint8Array, at: number, field: number, length: number): number {
  bytes[at] = (field << 3) | 2
  return putVarint(bytes, at + 1, length)
}
