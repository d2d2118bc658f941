import type { CarryingPart, EventTemplate, PartTemplate, Placed, SpanWriter } from '../../../kernel/index.ts'
import { type MergeSpanNames, onlyTopic } from '../merge-span.ts'
import { attribute, field, varintBytes } from './protobuf.ts'
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

/** Lengths that an offset may have, in bytes, are below this. */
const lengthsMax = 8

/** Where a partition is. */
interface PartitionPlace {
  readonly topic: string
  readonly partition: number
  /** By side and length of the offset, for all partitions of the topic with as many digits. */
  readonly templates: Placed[]
}

/**
 * The templates of parts, made as they are needed: what is the same of all parts of a side and a topic with as many
 * digits of the partition and as long an offset. They are few, whatever the number of partitions: making one takes as
 * long as writing hundreds of spans.
 */
export class PartTemplates {
  readonly #names: MergeSpanNames
  readonly #writer: SpanWriter
  /** By number of the partition. */
  readonly #places: PartitionPlace[] = []
  /** By topic and digits of the partition. */
  readonly #kinds = new Map<string, Placed[]>()

  constructor(names: MergeSpanNames, writer: SpanWriter) {
    this.#names = names
    this.#writer = writer
  }

  /** @param number - Of a source partition. */
  placeOf(number: number): PartitionPlace {
    return (this.#places[number] ??= this.#newPlace(number))
  }

  of({ topic, partition, templates }: PartitionPlace, { side, offset }: CarryingPart): Placed {
    const length = varintBytes(offset)
    return (templates[side * lengthsMax + length] ??= this.#writer.placePart(
      this.#newTemplate(topic, partition, side, length),
    ))
  }

  #newPlace(number: number): PartitionPlace {
    const { topic, partition } = this.#names.partitions.placeOf(number)
    const kind = `${String(partition).length} ${topic}`
    const templates = this.#kinds.get(kind) ?? []
    this.#kinds.set(kind, templates)
    return { topic, partition, templates }
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
      event: eventTemplate([attribute(EVENT_ATTRIBUTES, 'millrace.side', sideName)]),
      placedEvent: eventTemplate(place(EVENT_ATTRIBUTES)),
      link: Buffer.concat([...ids, flags, ...ofLink]),
      digitsFromEnd: ofLink.slice(-2).reduce((sum, { length }) => sum + length, 0),
      offsetFromEnd: offsetBytes,
    }
  }
}

function eventTemplate(attributes: readonly Uint8Array[]): EventTemplate {
  const bytes = field(EVENT, [timeField(EVENT_TIME), field(2, 'millrace.part'), ...attributes])
  return { bytes, timeAt: headBytes(bytes) + 1 }
}
