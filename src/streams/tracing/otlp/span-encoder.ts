import { nextFloat, type Random } from '../../../core/random.ts'
import { type CarryingPart, GrowableBytes, TRACED } from '../../../kernel/index.ts'
import { hexOf, putHex } from './hex.ts'
import type { MergeSpanNames } from '../merge-span.ts'
import { messagingAttributes, spanTitle } from '../merge-span.ts'
import { attribute, field, putNanoseconds, putVarint, varintBytes, varintField } from './protobuf.ts'

/** Fields of `Span`, `Event` and `Link` of OTLP, as the byte that they begin with. */
const TRACE_ID = 0x0a
const SPAN_ID = 0x12
const TRACE_STATE = 0x1a
const PARENT_ID = 0x22
const START_TIME = 0x39
const END_TIME = 0x41
const EVENT = 0x5a
const EVENT_TIME = 0x09
const LINK = 0x6a
const LINK_FLAGS = 0x35
const ATTRIBUTES = 9
const EVENT_ATTRIBUTES = 3
const LINK_ATTRIBUTES = 4
/** Field 16, whose number takes two bytes. */
const FLAGS = [0x85, 0x01] as const

/** `SPAN_KIND_CONSUMER` */
const consumer = 5
/** The context says whether it is of another process, and is. */
const isRemote = 0x300
const isSampled = 0x01
/** Events and links of one span, as SDKs keep of them; further ones are counted. */
const perSpanMax = 128
/** What stands around places, states and names, generously. */
const partRestBytes = 128
const spanRestBytes = 256

/** Where the headers of a part have what is needed: `traceparent` comes first, with the length of its value before it. */
const parentLengthAt = 1 + 1 + 'traceparent'.length
const parentLengthBytesMax = 2
const traceIdFrom = 3
const spanIdFrom = traceIdFrom + 33
const flagsFrom = spanIdFrom + 17

/**
 * Writes spans of merges as OTLP has them in protobuf, straight from the bytes that parts carry: what never changes is
 * copied, and no object is made of a span. They say the same as those of a tracer (`MergeSpan`).
 *
 * Cost per span: some hundred bytes a part.
 *
 * @see opentelemetry-proto, `trace/v1/trace.proto`
 */
export class SpanEncoder {
  /** The spans one after the other, each without what is known when its epoch has committed: `lastFields`. */
  readonly out = new GrowableBytes(1 << 16)
  readonly #names: MergeSpanNames
  readonly #random: Random
  readonly #fixed: Buffer
  readonly #merged = field(2, 'millrace.merged')
  readonly #partEvent = field(2, 'millrace.part')
  readonly #offset = field(1, 'messaging.kafka.offset')
  readonly #count = field(1, 'messaging.batch.message_count')
  /** By number of the partition, then by side: what says where the record of a part is, but for its offset. */
  readonly #places: (Place | undefined)[][] = []
  readonly #ids = Buffer.alloc(24)

  constructor(names: MergeSpanNames, random: Random) {
    this.#names = names
    this.#random = random
    this.#fixed = Buffer.concat([
      field(5, spanTitle(names.plan)),
      varintField(6, consumer),
      ...Object.entries(messagingAttributes(names.plan)).map(([key, value]) => attribute(ATTRIBUTES, key, value)),
    ])
  }

  /** Writes the span of a merge; returns whether there is one: the trace of a part is followed. */
  encode(parts: readonly CarryingPart[], nowMs: number): boolean {
    const first = parts.find(isFollowed)
    if (first === undefined) return false
    const { out } = this
    out.reserve(this.#bytesMax(parts))
    const { bytes, view } = out
    const parent = first.carried!
    const value = valueFrom(parent, parentLengthAt)
    let at = this.#putIds(bytes, out.length, parent, value)
    at = putState(bytes, at, parent)
    bytes[at] = PARENT_ID
    bytes[at + 1] = 8
    at = putHex(bytes, at + 2, parent, value + spanIdFrom, 8)
    bytes.set(this.#fixed, at)
    at += this.#fixed.length
    bytes[at++] = START_TIME
    at = putNanoseconds(view, at, startOf(parts, nowMs))
    at = putNumber(bytes, at, (ATTRIBUTES << 3) | 2, this.#count, parts.length)
    at = this.#putEvents(parts, nowMs, at)
    at = this.#putLinks(parts, at)
    bytes[at] = FLAGS[0]
    bytes[at + 1] = FLAGS[1]
    view.setUint32(at + 2, isRemote | isSampled, true)
    out.length = at + 6
    return true
  }

  /** Names the span that was written last. */
  get spanContext() {
    return { traceId: hexOf(this.#ids, 0, 16), spanId: hexOf(this.#ids, 16, 24), traceFlags: isSampled }
  }

  /** The fields that end each span of an epoch. */
  static lastFields(epoch: number, endMs: number): Buffer {
    const time = Buffer.alloc(9, END_TIME)
    putNanoseconds(new DataView(time.buffer, time.byteOffset, time.length), 1, endMs)
    return Buffer.concat([time, attribute(ATTRIBUTES, 'millrace.epoch', epoch)])
  }

  #putIds(bytes: Uint8Array, at: number, parent: Uint8Array, value: number): number {
    const ids = this.#ids
    putHex(ids, 0, parent, value + traceIdFrom, 16)
    // None may be zero.
    ids.writeUInt32LE(1 + Math.floor(nextFloat(this.#random) * 0xffffffff), 16)
    ids.writeUInt32LE(this.#random.nextUint32(), 20)
    bytes[at] = TRACE_ID
    bytes[at + 1] = 16
    bytes[at + 18] = SPAN_ID
    bytes[at + 19] = 8
    for (let byte = 0; byte < 16; byte++) bytes[at + 2 + byte] = ids[byte]!
    for (let byte = 16; byte < 24; byte++) bytes[at + 4 + byte] = ids[byte]!
    return at + 28
  }

  #putEvents(parts: readonly CarryingPart[], nowMs: number, at: number): number {
    const { bytes, view } = this.out
    const told = Math.min(parts.length, perSpanMax - 1)
    for (let index = 0; index < told; index++) {
      const part = parts[index]!
      const { event } = this.#placeOf(part)
      bytes[at++] = EVENT
      at = putVarint(bytes, at, 9 + this.#partEvent.length + event.length + numberBytes(this.#offset, part.offset))
      bytes[at] = EVENT_TIME
      at = putNanoseconds(view, at + 1, timeOf(part, nowMs))
      bytes.set(this.#partEvent, at)
      bytes.set(event, at + this.#partEvent.length)
      at += this.#partEvent.length + event.length
      at = putNumber(bytes, at, (EVENT_ATTRIBUTES << 3) | 2, this.#offset, part.offset)
    }
    bytes[at] = EVENT
    bytes[at + 1] = 9 + this.#merged.length
    bytes[at + 2] = EVENT_TIME
    at = putNanoseconds(view, at + 3, nowMs)
    bytes.set(this.#merged, at)
    return putDropped(bytes, at + this.#merged.length, 12, parts.length - told)
  }

  #putLinks(parts: readonly CarryingPart[], at: number): number {
    const { bytes, view } = this.out
    let links = 0
    for (const part of parts) {
      if (!isFollowed(part) || ++links > perSpanMax) continue
      const { carried } = part
      const value = valueFrom(carried, parentLengthAt)
      const { link } = this.#placeOf(part)
      const state = stateBytes(carried)
      bytes[at++] = LINK
      at = putVarint(bytes, at, 28 + state + link.length + numberBytes(this.#offset, part.offset) + 5)
      bytes[at] = TRACE_ID
      bytes[at + 1] = 16
      at = putHex(bytes, at + 2, carried, value + traceIdFrom, 16)
      bytes[at] = SPAN_ID
      bytes[at + 1] = 8
      at = putHex(bytes, at + 2, carried, value + spanIdFrom, 8)
      at = putState(bytes, at, carried)
      bytes.set(link, at)
      at = putNumber(bytes, at + link.length, (LINK_ATTRIBUTES << 3) | 2, this.#offset, part.offset)
      bytes[at] = LINK_FLAGS
      putHex(bytes, at + 1, carried, value + flagsFrom, 1)
      view.setUint32(at + 1, isRemote | bytes[at + 1]!, true)
      at += 5
    }
    return putDropped(bytes, at, 14, links - perSpanMax)
  }

  #placeOf({ partition: number, side }: CarryingPart): Place {
    const places = (this.#places[number] ??= [])
    return (places[side] ??= this.#newPlace(number, side))
  }

  #newPlace(number: number, side: number): Place {
    const { plan, partitions } = this.#names
    const { topic, partition } = partitions.placeOf(number)
    const [event, link] = [EVENT_ATTRIBUTES, LINK_ATTRIBUTES].map((field) =>
      Buffer.concat([
        attribute(field, 'messaging.destination.name', topic),
        attribute(field, 'messaging.destination.partition.id', String(partition)),
        attribute(field, 'millrace.side', plan.sides[side]!.name),
      ]),
    ) as [Buffer, Buffer]
    return { event, link }
  }

  #bytesMax(parts: readonly CarryingPart[]): number {
    let bytes = spanRestBytes + this.#fixed.length + (parts.find(isFollowed)?.carried?.length ?? 0)
    for (const part of parts) {
      const { event, link } = this.#placeOf(part)
      bytes += partRestBytes + event.length + link.length + (part.carried?.length ?? 0)
    }
    return bytes
  }
}

/** Attributes that say where the record of a part is, but for its offset. */
interface Place {
  readonly event: Buffer
  readonly link: Buffer
}

function isFollowed(part: CarryingPart): part is CarryingPart & { carried: Uint8Array } {
  return part.carried !== undefined && (part.carried[0]! & TRACED) !== 0
}

function timeOf({ timestamp }: CarryingPart, nowMs: number): number {
  return timestamp < 0 || timestamp > nowMs ? nowMs : timestamp
}

function startOf(parts: readonly CarryingPart[], nowMs: number): number {
  let start = nowMs
  for (const part of parts) start = Math.min(start, timeOf(part, nowMs))
  return start
}

/** Where the value of a header begins whose length stands at a place. */
function valueFrom(carried: Uint8Array, at: number): number {
  return carried[at]! < 0x80 ? at + 1 : at + parentLengthBytesMax
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
  bytes[at] = TRACE_STATE
  at = putVarint(bytes, at + 1, length)
  bytes.set(carried.subarray(value, value + length), at)
  return at + length
}

/** Writes a whole number as an attribute whose key is encoded already. */
function putNumber(bytes: Uint8Array, at: number, tag: number, key: Uint8Array, value: number): number {
  const length = varintBytes(value)
  bytes[at] = tag
  bytes[at + 1] = key.length + 3 + length
  bytes.set(key, at + 2)
  at += 2 + key.length
  bytes[at] = 0x12
  bytes[at + 1] = 1 + length
  bytes[at + 2] = 0x18
  return putVarint(bytes, at + 3, value)
}

function numberBytes(key: Uint8Array, value: number): number {
  return key.length + 5 + varintBytes(value)
}

/** How many events or links there would be besides. */
function putDropped(bytes: Uint8Array, at: number, field: number, count: number): number {
  if (count <= 0) return at
  bytes[at] = field << 3
  return putVarint(bytes, at + 1, count)
}
