import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Attributes, SpanKind } from '@opentelemetry/api'
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace'
import { PUBLISHED, TRACED, tracedMerge } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import type { ClosingEpoch } from '../epochs/epoch-participant.ts'
import { orders } from '../fixtures/orders.ts'
import { pairs } from '../fixtures/pairs.ts'
import { partitionsOfSource } from '../fixtures/partitions.ts'
import { recordingTracer } from '../fixtures/recording-tracer.ts'
import { Engine, type EngineOptions } from '../in-memory/engine.ts'
import { stderrLogger } from '../logs/logger.ts'
import { field } from '../topology/field.ts'
import { planTopology } from '../topology/plan.ts'
import { type Topology, topology } from '../topology/topology.ts'
import { spansPerEpochMax } from './merge-spans.ts'
import { carriedOn } from './trace-context.ts'
import { TracerSpans } from './tracer-spans.ts'

const traceIds = ['1', '2'].map((digit) => digit.repeat(32))
const parentIds = ['a', 'b'].map((digit) => digit.repeat(16))
const [a, b] = traceIds.map((id, at) => ({ traceparent: `00-${id}-${parentIds[at]}-01` }))
const unrecorded = { traceparent: a!.traceparent.replace(/01$/, '00') }
const tracestate = 'rojo=00f067aa0ba902b7'

const program = pairs.sink('out')

class Course implements AsyncDisposable {
  readonly clock: VirtualClock
  readonly recording: ReturnType<typeof recordingTracer>
  readonly engine: Engine

  constructor(clock: VirtualClock, recording: ReturnType<typeof recordingTracer>, engine: Engine) {
    this.clock = clock
    this.recording = recording
    this.engine = engine
  }

  static async begin(
    of: Topology<unknown, unknown> = program,
    { recording = recordingTracer(), ...options }: EngineOptions & { recording?: Course['recording'] } = {},
  ): Promise<Course> {
    const clock = new VirtualClock()
    const engine = await Engine.start(of as Topology, clock, { tracer: recording.tracer, traceRatio: 1, ...options })
    return new Course(clock, recording, engine)
  }

  /** Gives a record with some headers to a source, a second after the one before. */
  async give(topic: string, headers: Record<string, string> = {}, value: object = { id: 'k' }): Promise<void> {
    await this.clock.advance(1_000)
    this.engine.kafka.give(0, [JSON.stringify(value)], { headers, timestampMs: this.clock.nowMs() }, topic)
    await this.clock.advance(1_000)
  }

  get told(): readonly ReadableSpan[] {
    return this.recording.told
  }

  get headers(): Readonly<Record<string, string>>[] {
    return this.engine.kafka.written.map(({ headers }) => headers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]()
  }
}

const ms = ([seconds, nanoseconds]: ReadableSpan['startTime']) => seconds * 1_000 + nanoseconds / 1e6

describe('the span of a merge', () => {
  it('goes on in the trace of the first side, is linked to the spans of its parts, and has their times', async () => {
    await using course = await Course.begin()
    const fromMs = course.clock.nowMs()
    await course.give('b', { ...b, tracestate })
    await course.give('a', { ...a, tracestate })

    const [span, ...others] = course.told
    assert.equal(others.length, 0)
    assert.deepEqual([span!.name, span!.kind, span!.status.code], ['merge by-id', SpanKind.CONSUMER, 0])
    assert.deepEqual(span!.attributes, {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'merge',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'pairs',
      'messaging.batch.message_count': 2,
      'millrace.correlation': 'by-id',
      'millrace.epoch': 2,
    })
    const { traceId, spanId, traceState } = span!.parentSpanContext!
    assert.deepEqual([traceId, spanId, traceState?.serialize()], [traceIds[0], parentIds[0], tracestate])
    assert.equal(span!.spanContext().traceId, traceIds[0])
    const places = [place('a', 'A'), place('b', 'B')]
    assert.deepEqual(
      span!.links.map(({ context, attributes }) => [context.traceId, context.spanId, attributes]),
      [
        [traceIds[0], parentIds[0], places[0]],
        [traceIds[1], parentIds[1], places[1]],
      ],
    )
    assert.deepEqual(
      span!.events.map(({ name, attributes, time }) => [name, attributes, ms(time) - fromMs]),
      [
        ['millrace.part', { 'millrace.side': 'A' }, 3_000],
        ['millrace.part', { 'millrace.side': 'B' }, 1_000],
        ['millrace.merged', {}, 3_000],
      ],
    )
    assert.equal(ms(span!.startTime) - fromMs, 1_000)
    // It ends with its commit, some milliseconds after.
    assert.ok(ms(span!.endTime) >= fromMs + 3_000 && ms(span!.endTime) <= fromMs + 4_000)
  })

  it('is of the first side whose trace is followed, with links to those that are', async () => {
    await using course = await Course.begin()
    await course.give('a', unrecorded)
    await course.give('b', b)

    const [span] = course.told
    assert.equal(span!.spanContext().traceId, traceIds[1])
    assert.deepEqual(
      span!.links.map(({ context }) => context.traceId),
      [traceIds[1]],
    )
    assert.deepEqual(
      span!.events.map(({ attributes }) => attributes),
      [place('a', 'A'), { 'millrace.side': 'B' }, {}],
    )
  })

  it('is named after the source where there is one', async () => {
    await using course = await Course.begin(orders as Topology<unknown, unknown>)
    await course.give('source', a, { side: 'A', key: 1, part: 1 })
    await course.give('source', {}, { side: 'B', key: 1, part: 2 })

    const [span] = course.told
    assert.deepEqual([span!.name, span!.attributes['messaging.destination.name']], ['merge source', 'source'])
    // What the span says, its links and events need not say again.
    const ofParts = [...span!.links, ...span!.events].map(({ attributes }) => attributes!)
    assert.ok(ofParts.every((attributes) => !('messaging.destination.name' in attributes)))
  })

  it('is none where no trace is followed: there is none, it is not recorded, or the ratio leaves it out', async () => {
    for (const [headers, traceRatio] of [
      [{}, 1],
      [unrecorded, 1],
      [{ traceparent: `${a!.traceparent}x` }, 1],
      [a!, 0.01],
      [a!, 0],
    ] as const) {
      await using course = await Course.begin(program, { traceRatio })
      await course.give('a', headers)
      await course.give('b', headers)
      assert.deepEqual([course.headers.length, course.recording.begunCount], [1, 0])
    }
  })

  it('is none where the tracer records none, or has nothing to be told of: what is filtered, refused, a duplicate', async () => {
    const filtered = pairs.filter('none', () => false).sink('out')
    const failing = pairs
      .map('fails', () => {
        throw new Error('no')
      })
      .sink('out')
    for (const [each, recording] of [
      [filtered, recordingTracer()],
      [failing, recordingTracer()],
      [program, recordingTracer(new AlwaysOffSampler())],
    ] as const) {
      await using course = await Course.begin(each as Topology<unknown, unknown>, { recording })
      await course.give('a', a)
      await course.give('a', a)
      await course.give('b', b)
      assert.equal(recording.told.length, 0)
    }
  })

  it('is told of stored merges as of others, those without optional sides and those with lists', async () => {
    const optional = topology('optional')
      .source('a')
      .side('A')
      .source('b')
      .side('B')
      .source('c')
      .side('C')
      .correlate('by-id', field('id'), {
        of: ['A', 'B', 'C'],
        optional: { sides: ['C'], withinMs: 1_000 },
        collect: { A: { count: 2 } },
        rememberCompleted: { forMs: 60_000 },
      })
      .sink('out', { traceContext: true })
    await using course = await Course.begin(optional)
    await course.give('a', {})
    await course.give('a', a)
    await course.give('b', b)
    await course.clock.advance(5_000)

    const [span, ...others] = course.told
    assert.equal(others.length, 0)
    assert.deepEqual(
      span!.events.map(({ attributes }) => (attributes as Attributes)['millrace.side']),
      ['A', 'A', 'B', undefined],
    )
    assert.equal(span!.links.length, 2)
    assert.equal(course.headers[0]!['traceparent'], parentOf(span!))
  })

  it('is what a sink with traceContext carries on, and where there is none the trace of a part', async () => {
    const recording = recordingTracer()
    await using course = await Course.begin(pairs.sink('out', { traceContext: true }), { recording })
    await course.give('a', unrecorded)
    await course.give('b', { ...b, tracestate })
    await course.give('a', unrecorded, { id: 'l' })
    await course.give('b', { traceparent: b!.traceparent.replace(/01$/, '00') }, { id: 'l' })

    const [span, ...others] = course.told
    assert.equal(others.length, 0)
    const [carried, plain] = course.headers
    assert.deepEqual([carried!['traceparent'], carried!['tracestate']], [parentOf(span!), tracestate])
    assert.deepEqual([plain!['traceparent'], plain!['tracestate']], [unrecorded.traceparent, undefined])
  })

  it('is carried on by each record that a flatMap has made of the merge', async () => {
    const flat = pairs
      .flatMap('twice', (merged) => [merged, { ...merged, again: true }])
      .sink('out', { traceContext: true })
    await using course = await Course.begin(flat as Topology<unknown, unknown>)
    await course.give('a', a)
    await course.give('b', b)

    const [span, ...others] = course.told
    assert.equal(others.length, 0)
    assert.deepEqual(
      course.headers.map(({ traceparent }) => traceparent),
      [parentOf(span!), parentOf(span!)],
    )
  })

  for (const outcome of ['aborted', 'answer lost'] as const) {
    it(`is told once of an epoch that was ${outcome}, when it has committed`, async () => {
      await using course = await Course.begin()
      await course.give('a', a)
      course.engine.kafka.outcomes.push(outcome)
      await course.give('b', b)
      await course.clock.advance(10_000)

      assert.ok(course.engine.kafka.calls.includes(outcome))
      assert.equal(course.headers.length, 1)
      assert.deepEqual([course.told.length, course.recording.begunCount], [1, outcome === 'aborted' ? 2 : 1])
      assert.equal(course.told[0]!.links.length, 2)
    })
  }

  it('is told of a bounded number of merges of an epoch', () => {
    const { tracer, told } = recordingTracer()
    const names = { plan: planTopology(orders), partitions: partitionsOfSource() }
    const spans = new TracerSpans({ tracer, clock: new VirtualClock(), logger: stderrLogger }, names)
    const carried = carriedOn({ traceId: traceIds[0]!, spanId: parentIds[0]!, traceFlags: 1 })
    carried[0]! |= TRACED
    const merge = () => {
      spans.begin(tracedMerge([{ partition: 0, offset: 0, side: 0, timestamp: 0, carried }]))
      spans.end(PUBLISHED)
    }
    for (let at = 0; at < spansPerEpochMax + 10; at++) merge()
    spans.close({ number: 1 } as ClosingEpoch)
    merge()
    spans.commit()

    assert.equal(told.length, spansPerEpochMax)
    spans.close({ number: 2 } as ClosingEpoch)
    spans.commit()
    assert.equal(told.length, spansPerEpochMax + 1)
  })

  it('harms nothing where the tracer fails, which is logged once', async () => {
    const fail = () => {
      throw new Error('no exporter')
    }
    const context = { traceId: traceIds[0]!, spanId: parentIds[0]!, traceFlags: 1 }
    const span = { spanContext: () => context, isRecording: () => true, addEvent() {}, setAttribute() {}, end: fail }
    for (const given of [{ startSpan: fail }, { startSpan: () => span }]) {
      await using course = await Course.begin(program, { tracer: given })
      for (const id of ['k', 'l']) {
        await course.give('a', a, { id })
        await course.give('b', b, { id })
      }
      assert.equal(course.headers.length, 2)
      const errors = course.engine.lines.filter(([level]) => level === 'error')
      assert.deepEqual(errors, [['error', 'the tracer has failed: no more spans until the next start']])
    }
  })
})

function place(topic: string, side: string) {
  return {
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'messaging.kafka.offset': 0,
    'millrace.side': side,
  }
}

function parentOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext()
  return `00-${traceId}-${spanId}-01`
}
