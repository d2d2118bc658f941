import type { Random } from '../../../core/random.ts'
import {
  type CarryingPart,
  type GrowableBytes,
  type Placed,
  spanIdAt,
  SpanWriter,
  traceIdAt,
} from '../../../kernel/index.ts'
import { isFollowed, type MergeSpanNames, messagingAttributes, spanTitle } from '../merge-span.ts'
import { PartTemplates } from './part-templates.ts'
import { attribute, field, putNanoseconds, varintField } from './protobuf.ts'
import {
  ATTRIBUTES,
  END_TIME,
  EVENT,
  EVENT_TIME,
  FLAGS,
  headBytes,
  isRemote,
  PARENT_ID,
  SPAN_ID,
  START_TIME,
  timeField,
  TRACE_ID,
} from './span-fields.ts'

/** `SPAN_KIND_CONSUMER` */
const consumer = 5
const isSampled = 0x01

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
  readonly #names: MergeSpanNames
  readonly #random: Random
  readonly #writer = new SpanWriter()
  readonly #mergedEvent = this.#writer.place(mergedEvent)
  /** By the number of parts. */
  readonly #spans: Placed[] = []
  readonly #parts: PartTemplates
  /** Of the parts of the span that is written. */
  readonly #templates: Placed[] = []

  constructor(names: MergeSpanNames, random: Random) {
    this.#names = names
    this.#parts = new PartTemplates(names, this.#writer)
    this.#random = random
  }

  /**
   * Appends the span of a merge, without what is known when its epoch has committed: `lastFields`. Returns where it
   * begins; undefined where there is none, because the trace of no part is followed.
   */
  append(to: GrowableBytes, parts: readonly CarryingPart[], nowMs: number): number | undefined {
    const first = parts.find(isFollowed)
    if (first === undefined) return undefined
    const span = (this.#spans[parts.length] ??= this.#writer.place(this.#newSpan(parts.length)))
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!
      this.#templates[index] = this.#parts.of(this.#parts.placeOf(part.partition), part)
    }
    this.#writer.begin(span, first.carried, nowMs, this.#random.nextUint32(), this.#random.nextUint32())
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!
      const { partition } = this.#parts.placeOf(part.partition)
      this.#writer.addPart(this.#templates[index]!, partition, part, isFollowed(part) ? part.carried : undefined)
    }
    return to.append(this.#writer.finish(this.#mergedEvent, mergedTimeAt))
  }

  /** Names a span by where it begins. */
  static contextOf({ bytes }: GrowableBytes, start: number) {
    const hexOf = (from: number, count: number) =>
      Buffer.from(bytes.buffer, bytes.byteOffset + start + from, count).toString('hex')
    return { traceId: hexOf(traceIdAt, 16), spanId: hexOf(spanIdAt, 8), traceFlags: isSampled }
  }

  /** The fields that end each span of an epoch. */
  static lastFields(epoch: number, endMs: number): Buffer {
    const time = Buffer.alloc(9, END_TIME)
    putNanoseconds(new DataView(time.buffer, time.byteOffset, time.length), 1, endMs)
    return Buffer.concat([time, attribute(ATTRIBUTES, 'millrace.epoch', epoch)])
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
