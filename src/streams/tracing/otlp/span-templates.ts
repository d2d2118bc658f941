import type { SpanTemplates } from '../../../kernel/index.ts'
import { type MergeSpanNames, messagingAttributes, spanTitle } from '../merge-span.ts'
import { eventTemplate, PartTemplates } from './part-templates.ts'
import { attribute, field, putNanoseconds, varintField } from './protobuf.ts'
import {
  ATTRIBUTES,
  END_TIME,
  FLAGS,
  isRemote,
  isSampled,
  PARENT_ID,
  SPAN_ID,
  START_TIME,
  timeField,
  TRACE_ID,
} from './span-fields.ts'

/** `SPAN_KIND_CONSUMER` */
const consumer = 5

/**
 * What is the same of the spans of a program's merges, as OTLP has them in protobuf. They say the same as those of a
 * tracer (`MergeSpan`).
 *
 * @see opentelemetry-proto, `trace/v1/trace.proto`
 */
export function spanTemplates(names: MergeSpanNames): SpanTemplates {
  const parts = new PartTemplates(names)
  return {
    spans: [spanOf(names, 1), spanOf(names, 0x80), spanOf(names, 0x4000)],
    mergedEvent: eventTemplate('millrace.merged'),
    partitionOf: (number) => names.partitions.placeOf(number).partition,
    partOf: (number, side, offsetBytes) => parts.of(number, side, offsetBytes),
  }
}

/** The fields that end each span of an epoch. */
export function lastFields(epoch: number, endMs: number): Buffer {
  const time = Buffer.alloc(9, END_TIME)
  putNanoseconds(new DataView(time.buffer, time.byteOffset, time.length), 1, endMs)
  return Buffer.concat([time, attribute(ATTRIBUTES, 'millrace.epoch', epoch)])
}

/** A span of so many parts, but for ids and time. */
function spanOf({ plan }: MergeSpanNames, parts: number): Uint8Array {
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
    // What it ends with is the number.
    attribute(ATTRIBUTES, 'messaging.batch.message_count', parts),
  ])
}
