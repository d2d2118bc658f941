import type { Clock } from '../../core/clock.ts'
import { type CarryingPart, isFollowed } from '../../kernel/index.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { Plan } from '../topology/plan.ts'
import type { OpenTelemetryTracer, TracedSpan, TracedSpanOptions } from './open-telemetry-tracer.ts'
import { remoteParent } from './remote-parent.ts'
import { carriedSpan } from './trace-context.ts'

/** The kind of a span that works on messages of others, as `SpanKind` of OpenTelemetry has it. */
const consumer = 4

type Attributes = NonNullable<TracedSpanOptions['attributes']>

/** What the span of a merge says of its program. */
export interface MergeSpanNames {
  readonly plan: Pick<Plan, 'name' | 'sources' | 'sides' | 'correlate'>
  readonly partitions: Pick<SourcePartitions, 'placeOf'>
}

/**
 * The span of a merge, by the conventions that OpenTelemetry has for messaging. It begins when the first of its parts
 * did, goes on in the trace of the first side whose trace is followed, and has an event for each part and a link to each
 * span that a part carries whose trace is followed. Where the record of a part is stands once: in its link, or else in its
 * event.
 */
export class MergeSpan {
  readonly #names: MergeSpanNames
  readonly #title: string
  readonly #attributes: Attributes
  /** Whether each part names its topic, because the span does not. */
  readonly #namesTopic: boolean

  constructor(names: MergeSpanNames) {
    this.#names = names
    this.#namesTopic = onlyTopic(names.plan) === undefined
    this.#title = spanTitle(names.plan)
    this.#attributes = messagingAttributes(names.plan)
  }

  /** Undefined where no trace of a part is followed, or the tracer does not record the span. */
  begin(tracer: OpenTelemetryTracer, parts: readonly CarryingPart[], clock: Clock): TracedSpan | undefined {
    const followed = parts.flatMap((part) => (isFollowed(part) ? [{ part, context: carriedSpan(part.carried) }] : []))
    const [first] = followed
    if (first === undefined) return undefined
    const nowMs = clock.nowMs()
    const times = parts.map(({ timestamp }) => (timestamp < 0 ? nowMs : Math.min(timestamp, nowMs)))
    const span = tracer.startSpan(
      this.#title,
      {
        kind: consumer,
        startTime: new Date(Math.min(...times)),
        attributes: { ...this.#attributes, 'messaging.batch.message_count': parts.length },
        links: followed.map(({ part, context }) => ({ context, attributes: this.#placeOf(part) })),
      },
      remoteParent(first.context),
    )
    if (!span.isRecording()) return undefined
    for (const [at, part] of parts.entries()) {
      const attributes = isFollowed(part) ? this.#sideOf(part) : this.#placeOf(part)
      span.addEvent('millrace.part', attributes, new Date(times[at]!))
    }
    span.addEvent('millrace.merged', {}, new Date(nowMs))
    return span
  }

  #placeOf(part: CarryingPart): Attributes {
    const { topic, partition } = this.#names.partitions.placeOf(part.partition)
    return {
      ...(this.#namesTopic && { 'messaging.destination.name': topic }),
      'messaging.destination.partition.id': String(partition),
      ...this.#sideOf(part),
      'messaging.kafka.offset': part.offset,
    }
  }

  #sideOf({ side }: CarryingPart): Attributes {
    return { 'millrace.side': this.#names.plan.sides[side]!.name }
  }
}

/** After the source, or the correlation where there are several. */
export function spanTitle(plan: MergeSpanNames['plan']): string {
  return `merge ${onlyTopic(plan) ?? plan.correlate.id}`
}

/** What is the same for all merges of a program. */
export function messagingAttributes(plan: MergeSpanNames['plan']): Record<string, string> {
  const topic = onlyTopic(plan)
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'merge',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': plan.name,
    // Of several sources each part names its own.
    ...(topic !== undefined && { 'messaging.destination.name': topic }),
    'millrace.correlation': plan.correlate.id,
  }
}

/** What the span names, where all parts are of one topic. */
export function onlyTopic({ sources }: MergeSpanNames['plan']): string | undefined {
  return sources.length === 1 ? sources[0]!.topic : undefined
}
