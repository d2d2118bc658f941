import type { EventTemplate, PartTemplate } from '../../../kernel/index.ts'
import { type MergeSpanNames, onlyTopic } from '../merge-span.ts'
import { attribute, field } from './protobuf.ts'
import {
  EVENT,
  EVENT_ATTRIBUTES,
  EVENT_TIME,
  headBytes,
  isRemote,
  LINK_ATTRIBUTES,
  LINK_FLAGS,
  SPAN_ID,
  timeField,
  TRACE_ID,
} from './span-fields.ts'

/**
 * The templates of parts, made as they are needed: what is the same of all parts of a side and a topic with as many
 * digits of the partition and as long an offset. They are few, whatever the number of partitions: making one takes as
 * long as writing hundreds of spans.
 */
export class PartTemplates {
  readonly #names: MergeSpanNames
  readonly #made = new Map<string, PartTemplate>()

  constructor(names: MergeSpanNames) {
    this.#names = names
  }

  /** @param number - Of a source partition. @param offsetBytes - Bytes of the offset as a varint. */
  of(number: number, side: number, offsetBytes: number): PartTemplate {
    const { topic, partition } = this.#names.partitions.placeOf(number)
    const kind = `${side} ${offsetBytes} ${String(partition).length} ${topic}`
    const made = this.#made.get(kind) ?? this.#newTemplate(topic, partition, side, offsetBytes)
    this.#made.set(kind, made)
    return made
  }

  #newTemplate(topic: string, partition: number, side: number, offsetBytes: number): PartTemplate {
    const { plan } = this.#names
    const sideName = plan.sides[side]!.name
    const namesTopic = onlyTopic(plan) === undefined
    const place = (field: number) => [
      ...(namesTopic ? [attribute(field, 'messaging.destination.name', topic)] : []),
      attribute(field, 'messaging.destination.partition.id', String(partition)),
      attribute(field, 'millrace.side', sideName),
      // Some offset of that length.
      attribute(field, 'messaging.kafka.offset', 0x80 ** (offsetBytes - 1)),
    ]
    const ids = [field(TRACE_ID, new Uint8Array(16)), field(SPAN_ID, new Uint8Array(8))]
    const flags = Buffer.from([LINK_FLAGS, 0, isRemote >> 8, 0, 0])
    const ofLink = place(LINK_ATTRIBUTES)
    return {
      event: eventTemplate('millrace.part', [attribute(EVENT_ATTRIBUTES, 'millrace.side', sideName)]),
      placedEvent: eventTemplate('millrace.part', place(EVENT_ATTRIBUTES)),
      link: Buffer.concat([...ids, flags, ...ofLink]),
      digitsFromEnd: ofLink.slice(-2).reduce((sum, { length }) => sum + length, 0),
      offsetFromEnd: offsetBytes,
    }
  }
}

/** An event of a span, whose time is written later. */
export function eventTemplate(name: string, attributes: readonly Uint8Array[] = []): EventTemplate {
  const bytes = field(EVENT, [timeField(EVENT_TIME), field(2, name), ...attributes])
  return { bytes, timeAt: headBytes(bytes) + 1 }
}
