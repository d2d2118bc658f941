import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import fc from 'fast-check'
import { check } from '../../../../test/property.ts'
import { seededRandom } from '../../../core/random.ts'
import { type CarryingPart, isFollowed, PUBLISHED, SpanWriter, TRACED, tracedMerge } from '../../../kernel/index.ts'
import { VirtualClock } from '../../../testing/index.ts'
import type { ClosingEpoch } from '../../epochs/epoch-participant.ts'
import { orders } from '../../fixtures/orders.ts'
import { type OtlpSpan, readOtlpRequest } from '../../fixtures/otlp.ts'
import { recordingTracer } from '../../fixtures/recording-tracer.ts'
import { stderrLogger } from '../../logs/logger.ts'
import { SourcePartitions } from '../../topics/source-partitions.ts'
import { planTopology } from '../../topology/plan.ts'
import { topology } from '../../topology/topology.ts'
import { field } from '../../topology/field.ts'
import type { MergeSpanNames } from '../merge-span.ts'
import type { MergeSpans } from '../merge-spans.ts'
import { carriedOn } from '../trace-context.ts'
import { TraceState } from '../trace-state.ts'
import { TracerSpans } from '../tracer-spans.ts'
import { EncodedSpans } from './encoded-spans.ts'
import { field as bytesField } from './protobuf.ts'
import { spanTemplates } from './span-templates.ts'

const ofOneSource: MergeSpanNames = { plan: planTopology(orders), partitions: partitionsOf(['source'], [300]) }
const ofTwoSources: MergeSpanNames = {
  plan: planTopology(
    topology('parcels')
      .source('a')
      .side('A')
      .source('b')
      .side('B')
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('out'),
  ),
  partitions: partitionsOf(['a', 'b'], [200, 100]),
}

const digits = (count: number) =>
  fc
    .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: count, maxLength: count })
    .map((all) => all.join(''))
    .filter((text) => /[^0]/.test(text))
const state = fc.string({ unit: fc.constantFrom(...Array.from('abc=,1 \t')), minLength: 1, maxLength: 512 })
const carried = fc
  .record({
    traceId: digits(32),
    spanId: digits(16),
    traceFlags: fc.constantFrom(1, 3, 0xff),
    traceState: fc.option(
      state.map((text) => new TraceState(text)),
      { nil: undefined },
    ),
    isFollowed: fc.boolean(),
    rest: fc.constantFrom('', '', `-${'x'.repeat(20)}`, `-${'x'.repeat(400)}`),
  })
  .map(({ isFollowed, rest, traceState, ...context }) => {
    const bytes = withRest(carriedOn({ ...context, ...(traceState && { traceState }) }), rest)
    if (isFollowed) bytes[0]! |= TRACED
    return bytes
  })
const nowMs = 1_790_000_000_123
const part: fc.Arbitrary<CarryingPart> = fc.record({
  partition: fc.nat(299),
  offset: fc.oneof(
    fc.nat(200),
    fc.maxSafeNat().map((offset) => offset % 2 ** 43),
  ),
  side: fc.nat(1),
  timestamp: fc.oneof(
    fc.constant(-1),
    fc.integer({ min: 0, max: nowMs * 2 }),
    fc.integer({ min: nowMs - 9, max: nowMs }),
  ),
  carried: fc.option(carried, { nil: undefined }),
})

describe('spans of merges as bytes', () => {
  it('say what the SDK and the exporter of OpenTelemetry say of the same merges', () => {
    const merges = fc.array(fc.array(part, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
    check(
      fc.property(fc.constantFrom(ofOneSource, ofTwoSources), merges, fc.nat(2 ** 40), (names, all, epoch) => {
        assert.deepEqual(encoded(names, all, epoch), told(names, all, epoch))
      }),
      300,
    )
  })

  it('have as many events and links as those of SDKs have, and say how many there would be besides', () => {
    const carried = carriedOn({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
    carried[0]! |= TRACED
    const parts = Array.from({ length: 200 }, (_, offset) => ({ partition: 0, side: 0, timestamp: 1, offset, carried }))
    const [span] = encoded(ofOneSource, [parts], 1)

    const { events, links, droppedEventsCount, droppedLinksCount } = span!
    assert.deepEqual([events.length, droppedEventsCount], [128, 73])
    assert.deepEqual([links.length, droppedLinksCount], [128, 72])
    assert.equal(events.at(-1)!.name, 'millrace.merged')
  })

  it('may be larger than the memory that is there for them to begin with', () => {
    const sides = ofOneSource.plan.sides.map((side) => ({ ...side, name: side.name.repeat(5_000) }))
    const names = { ...ofOneSource, plan: { ...ofOneSource.plan, sides } }
    const traceState = new TraceState('x'.repeat(512))
    const carried = carriedOn({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, traceState })
    carried[0]! |= TRACED
    const parts = Array.from({ length: 200 }, (_, offset) => ({ partition: 0, side: 0, timestamp: 1, offset, carried }))
    const small = [{ ...parts[0]!, offset: 1_000 }]
    const spans = encoded(names, [small, parts, small, parts], 1)

    const link = (offset: number) => {
      const place = { 'messaging.kafka.offset': { intValue: String(offset) } }
      return { traceState: traceState.serialize(), attributes: place }
    }
    const linked = Array.from({ length: 128 }, (_, offset) => link(offset))
    const found = spans.map(({ links }) =>
      links.map(({ traceState, attributes }) => {
        const { 'messaging.kafka.offset': offset } = attributes as Record<string, unknown>
        return { traceState, attributes: { 'messaging.kafka.offset': offset } }
      }),
    )
    assert.deepEqual(found, [[link(1_000)], linked, [link(1_000)], linked])
  })
})

describe('what spans have in common', () => {
  it('is written once for each side, topic, length of the partition and of the offset, in whatever order they come', () => {
    const written: string[] = []
    const sides = ofOneSource.plan.sides.map(({ name }) => ({
      get name() {
        written.push(name)
        return name
      },
    }))
    const plan = { ...ofOneSource.plan, sides } as unknown as MergeSpanNames['plan']
    const carried = carriedOn({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
    carried[0]! |= TRACED
    const writer = new SpanWriter(spanTemplates({ ...ofOneSource, plan }), [1, 2], () => {})
    for (let merge = 0; merge < 50; merge++) {
      for (const partition of [7, 8, 70]) {
        const parts = [1, 20_000].map((offset, side) => ({ partition, side, timestamp: 1, offset, carried }))
        writer.write(tracedMerge(parts), 2)
        writer.write(tracedMerge(parts.map((part) => ({ ...part, offset: 20_001 - part.offset }))), 2)
      }
    }

    const [a, b] = ofOneSource.plan.sides.map(({ name }) => name)
    assert.deepEqual(written, [a, b, a, b, a, b, a, b])
  })
})

/** As the exporter sends them. */
function encoded(names: MergeSpanNames, merges: readonly CarryingPart[][], epoch: number) {
  const taken: Uint8Array[] = []
  let count = 0
  const exporter = {
    add(spans: Uint8Array, spanCount: number) {
      taken.push(Buffer.from(spans))
      count += spanCount
    },
  }
  commit(new EncodedSpans(exporter, names, new VirtualClock({ startMs: nowMs }), seededRandom(1)), merges, epoch)
  const { spans } = readOtlpRequest(bytesField(1, [bytesField(1, []), bytesField(2, [bytesField(1, []), ...taken])]))
  assert.equal(spans.length, count)
  return withoutIds(spans)
}

/** As the SDK makes them, and the official exporter writes them. */
function told(names: MergeSpanNames, merges: readonly CarryingPart[][], epoch: number) {
  const { tracer, told } = recordingTracer()
  commit(
    new TracerSpans({ tracer, clock: new VirtualClock({ startMs: nowMs }), logger: stderrLogger }, names),
    merges,
    epoch,
  )
  if (told.length === 0) return []
  return withoutIds(readOtlpRequest(ProtobufTraceSerializer.serializeRequest([...told])!).spans)
}

function commit(spans: MergeSpans, merges: readonly CarryingPart[][], number: number): void {
  // Those that the table tells of have a part whose trace is followed.
  const told = merges.filter((parts) => parts.some(isFollowed)).map(tracedMerge)
  spans.begin(Buffer.concat(told), told.length)
  spans.end(PUBLISHED)
  spans.close({ number } as ClosingEpoch)
  spans.commit()
}

/** The id of a span is drawn; it has one, and none is another's. */
function withoutIds(spans: readonly OtlpSpan[]) {
  const ids = spans.map(({ spanId }) => Buffer.from(spanId, 'base64'))
  assert.ok(ids.every((id) => id.length === 8 && id.some((byte) => byte !== 0)))
  assert.equal(new Set(ids.map(String)).size, spans.length)
  return spans.map((span) => ({ ...span, spanId: 'drawn' }))
}

/** A later version may have more after the flags. */
function withRest(context: Uint8Array, rest: string): Uint8Array {
  if (rest === '') return context
  const at = 1 + 1 + 'traceparent'.length
  const length = 2 * (55 + rest.length)
  const start = context.subarray(0, at)
  const value = [...context.subarray(at + 1, at + 56)]
  const lengthBytes = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]
  return Buffer.concat([start, Buffer.from([...lengthBytes, ...value]), Buffer.from(rest), context.subarray(at + 56)])
}

function partitionsOf(topics: readonly string[], counts: readonly number[]): SourcePartitions {
  const partitions = new SourcePartitions([...topics])
  partitions.grow([...counts])
  return partitions
}
