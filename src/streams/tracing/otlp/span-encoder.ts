import type { Random } from '../../../core/random.ts'
import { type CarryingPart, GrowableBytes, TRACED } from '../../../kernel/index.ts'
import { hexOf, putHex } from './hex.ts'
import { isFollowed, type MergeSpanNames, messagingAttributes, spanTitle } from '../merge-span.ts'
import { attribute, field, fieldHead, putNanoseconds, putVarint, varintBytes, varintField } from './protobuf.ts'

/** Fields of `Span`, `Event` and `Link` of OTLP. */
const TRACE_ID = 1
const SPAN_ID = 2
const TRACE_STATE = 3
const PARENT_ID = 4
const ATTRIBUTES = 9
const EVENT = 11
const LINK = 13
const EVENT_ATTRIBUTES = 3
const LINK_ATTRIBUTES = 4
/** Times and flags, with their wire types. */
const START_TIME = 0x39
const END_TIME = 0x41
const EVENT_TIME = 0x09
const FLAGS = [0x85, 0x01]
const LINK_FLAGS = 0x35
const droppedEvents = 12
const droppedLinks = 14

/** `SPAN_KIND_CONSUMER` */
const consumer = 5
/** The context says whether it is of another process, and is. */
const isRemote = 0x300
const isSampled = 0x01
/** Events and links of one span, as SDKs keep of them; further ones are counted. */
const perSpanMax = 128
/** Lengths that an offset may have, in bytes, are below this. */
const lengthsMax = 8
/** What is written besides templates and states, generously. */
const restBytes = 64

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
  /** By number of the partition, then by side and length of the offset: old parts are merged with new ones. */
  readonly #parts: PartTemplate[][] = []
  /** Where the span begins that was written last. */
  #start = 0

  constructor(names: MergeSpanNames, random: Random) {
    this.#names = names
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
      const partTemplate = this.#templateOf(part)
      out.reserve(at - start + partTemplate.bytes + (part.carried?.length ?? 0))
      if (index < perSpanMax - 1) at = this.#putEvent(partTemplate, part, timeMs, at)
      if (isFollowed(part) && ++links <= perSpanMax) at = this.#putLink(partTemplate, part, part.carried, at)
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

  #putEvent({ event, eventTimeAt, offsetBytes }: PartTemplate, { offset }: CarryingPart, timeMs: number, at: number) {
    const { bytes, view } = this.out
    const end = at + event.length
    bytes.set(event, at)
    putNanoseconds(view, at + eventTimeAt, timeMs)
    putVarint(bytes, end - offsetBytes, offset)
    return end
  }

  #putLink({ linkHead, link, offsetBytes }: PartTemplate, { offset }: CarryingPart, carried: Uint8Array, at: number) {
    const { bytes } = this.out
    const state = stateBytes(carried)
    if (state === 0) bytes.set(linkHead, at)
    const start = state === 0 ? at + linkHead.length : putHead(bytes, at, LINK, link.length + state)
    const end = start + link.length
    const value = valueFrom(carried, parentLengthAt)
    bytes.set(link, start)
    putHex(bytes, start + traceIdAt, carried, value + traceIdFrom, 16)
    putHex(bytes, start + spanIdAt, carried, value + spanIdFrom, 8)
    putHex(bytes, start + linkFlagsAt, carried, value + flagsFrom, 1)
    putVarint(bytes, end - offsetBytes, offset)
    return state === 0 ? end : putState(bytes, end, carried)
  }

  #templateOf({ partition, side, offset }: CarryingPart): PartTemplate {
    const length = varintBytes(offset)
    const ofPartition = (this.#parts[partition] ??= [])
    return (ofPartition[side * lengthsMax + length] ??= this.#newPart(partition, side, length))
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

  #newPart(number: number, side: number, offsetBytes: number): PartTemplate {
    const { plan, partitions } = this.#names
    const { topic, partition } = partitions.placeOf(number)
    const attributes = (field: number) => [
      attribute(field, 'messaging.destination.name', topic),
      attribute(field, 'messaging.destination.partition.id', String(partition)),
      attribute(field, 'millrace.side', plan.sides[side]!.name),
      // Some offset of that length, which stands last.
      attribute(field, 'messaging.kafka.offset', 0x80 ** (offsetBytes - 1)),
    ]
    const name = field(2, 'millrace.part')
    const event = field(EVENT, [timeField(EVENT_TIME), name, ...attributes(EVENT_ATTRIBUTES)])
    const ids = [field(TRACE_ID, new Uint8Array(16)), field(SPAN_ID, new Uint8Array(8))]
    const flags = Buffer.from([LINK_FLAGS, 0, isRemote >> 8, 0, 0])
    const link = Buffer.concat([...ids, flags, ...attributes(LINK_ATTRIBUTES)])
    return {
      event,
      eventTimeAt: headBytes(event) + 1,
      linkHead: fieldHead(LINK, link.length),
      link,
      offsetBytes,
      bytes: event.length + link.length + restBytes,
    }
  }
}

/** What is the same of all parts of a side and a partition whose offset is as long, which stands last. */
interface PartTemplate {
  readonly event: Uint8Array
  readonly eventTimeAt: number
  readonly linkHead: Uint8Array
  readonly link: Uint8Array
  readonly offsetBytes: number
  /** Of all that is written of a part, but for its state. */
  readonly bytes: number
}

const timeField = (tag: number) => Buffer.from([tag, 0, 0, 0, 0, 0, 0, 0, 0])

const mergedEvent = field(EVENT, [timeField(EVENT_TIME), field(2, 'millrace.merged')])
const mergedTimeAt = headBytes(mergedEvent) + 1

/** Of a field with a length below 16,384, whose number is below 16. */
function headBytes(bytes: Uint8Array): number {
  return bytes[1]! < 0x80 ? 2 : 3
}

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
