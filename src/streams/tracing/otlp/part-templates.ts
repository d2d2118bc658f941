import type { CarryingPart } from '../../../kernel/index.ts'
import { type MergeSpanNames, onlyTopic } from '../merge-span.ts'
import { attribute, field, fieldHead, putVarint, varintBytes } from './protobuf.ts'
import {
  EVENT,
  EVENT_ATTRIBUTES,
  EVENT_TIME,
  headBytes,
  isRemote,
  LINK,
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
  /** Of its number in the topic, in decimal. */
  readonly digits: Buffer
  /** By side and length of the offset, for all partitions of the topic with as many digits. */
  readonly templates: PartTemplate[]
}

/**
 * Event and link of a part, but for ids, flags and times: what is the same of all parts of a side and a topic with as many
 * digits of the partition and as long an offset.
 */
export interface PartTemplate {
  /** Of a part whose link says where its record is. */
  readonly event: EventTemplate
  /** Of a part without a link. */
  readonly placedEvent: EventTemplate
  readonly linkHead: Uint8Array
  /** Without its head. */
  readonly link: Uint8Array
  /** Where the digits of the partition begin, and where the offset does, counted from the end of what has them. */
  readonly digitsFromEnd: number
  readonly offsetFromEnd: number
}

export interface EventTemplate {
  readonly bytes: Uint8Array
  readonly timeAt: number
}

/**
 * The templates of parts, made as they are needed. They are few, whatever the number of partitions: making one takes as
 * long as writing hundreds of spans.
 */
export class PartTemplates {
  readonly #names: MergeSpanNames
  /** By number of the partition. */
  readonly #places: PartitionPlace[] = []
  /** By topic and digits of the partition. */
  readonly #kinds = new Map<string, PartTemplate[]>()

  constructor(names: MergeSpanNames) {
    this.#names = names
  }

  /** @param number - Of a source partition. */
  placeOf(number: number): PartitionPlace {
    return (this.#places[number] ??= this.#newPlace(number))
  }

  of({ topic, digits, templates }: PartitionPlace, { side, offset }: CarryingPart): PartTemplate {
    const length = varintBytes(offset)
    return (templates[side * lengthsMax + length] ??= this.#newTemplate(topic, digits, side, length))
  }

  #newPlace(number: number): PartitionPlace {
    const { topic, partition } = this.#names.partitions.placeOf(number)
    const digits = Buffer.from(String(partition))
    const kind = `${digits.length} ${topic}`
    const templates = this.#kinds.get(kind) ?? []
    this.#kinds.set(kind, templates)
    return { topic, digits, templates }
  }

  #newTemplate(topic: string, digits: Buffer, side: number, offsetBytes: number): PartTemplate {
    const { plan } = this.#names
    const sideName = plan.sides[side]!.name
    const namesTopic = onlyTopic(plan) === undefined
    const place = (field: number) => [
      ...(namesTopic ? [attribute(field, 'messaging.destination.name', topic)] : []),
      attribute(field, 'messaging.destination.partition.id', digits.toString()),
      attribute(field, 'millrace.side', sideName),
      // Some offset of that length.
      attribute(field, 'messaging.kafka.offset', 0x80 ** (offsetBytes - 1)),
    ]
    const ids = [field(TRACE_ID, new Uint8Array(16)), field(SPAN_ID, new Uint8Array(8))]
    const flags = Buffer.from([LINK_FLAGS, 0, isRemote >> 8, 0, 0])
    const ofLink = place(LINK_ATTRIBUTES)
    const link = Buffer.concat([...ids, flags, ...ofLink])
    const afterDigits = ofLink.slice(-2).reduce((sum, { length }) => sum + length, 0)
    return {
      event: eventTemplate([attribute(EVENT_ATTRIBUTES, 'millrace.side', sideName)]),
      placedEvent: eventTemplate(place(EVENT_ATTRIBUTES)),
      linkHead: fieldHead(LINK, link.length),
      link,
      digitsFromEnd: afterDigits + digits.length,
      offsetFromEnd: offsetBytes,
    }
  }
}

function eventTemplate(attributes: readonly Uint8Array[]): EventTemplate {
  const bytes = field(EVENT, [timeField(EVENT_TIME), field(2, 'millrace.part'), ...attributes])
  return { bytes, timeAt: headBytes(bytes) + 1 }
}

/** Writes partition and offset into a copy of an event or a link, by where it ends. */
export function putPlace(
  bytes: Uint8Array,
  end: number,
  { digitsFromEnd, offsetFromEnd }: PartTemplate,
  { digits }: PartitionPlace,
  offset: number,
): void {
  for (let digit = 0; digit < digits.length; digit++) bytes[end - digitsFromEnd + digit] = digits[digit]!
  putVarint(bytes, end - offsetFromEnd, offset)
}
