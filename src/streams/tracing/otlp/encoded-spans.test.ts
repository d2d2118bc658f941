import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { seededRandom } from '../../../core/random.ts'
import { LEFT_OUT, PUBLISHED, TRACED, tracedMerge } from '../../../kernel/index.ts'
import { VirtualClock } from '../../../testing/index.ts'
import type { ClosingEpoch } from '../../epochs/epoch-participant.ts'
import { orders } from '../../fixtures/orders.ts'
import { OtlpCollector, type OtlpSpan, readOtlpRequest } from '../../fixtures/otlp.ts'
import { pairs } from '../../fixtures/pairs.ts'
import { partitionsOfSource } from '../../fixtures/partitions.ts'
import { recordingTracer } from '../../fixtures/recording-tracer.ts'
import { Engine, type EngineOptions } from '../../in-memory/engine.ts'
import { planTopology } from '../../topology/plan.ts'
import type { Topology } from '../../topology/topology.ts'
import { spansPerEpochMax } from '../merge-spans.ts'
import { carriedOn } from '../trace-context.ts'
import { EncodedSpans } from './encoded-spans.ts'

const [a, b] = ['1', '2'].map((digit) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` }))
const unrecorded = { traceparent: a!.traceparent.replace(/01$/, '00') }

const carrying = pairs.sink('out', { traceContext: true }) as Topology

/** Merges with and without spans, in epochs that commit, are aborted, or have their answer lost. */
async function run(options: EngineOptions): Promise<Engine> {
  const clock = new VirtualClock()
  const engine = await Engine.start(carrying, clock, { traceRatio: 1, ...options })
  const give = async (topic: string, id: string, headers: Record<string, string>) => {
    await clock.advance(1_000)
    engine.kafka.give(0, [JSON.stringify({ id })], { headers, timestampMs: clock.nowMs() }, topic)
    await clock.advance(1_000)
  }
  const merge = async (id: string, first: Record<string, string>, second: Record<string, string>) => {
    await give('a', id, first)
    await give('b', id, second)
    await clock.advance(10_000)
  }
  await merge('both', a!, { ...b!, tracestate: 'rojo=1' })
  await merge('one', unrecorded, b!)
  await merge('none', unrecorded, {})
  engine.kafka.outcomes.push('committed', 'aborted')
  await merge('aborted', a!, b!)
  engine.kafka.outcomes.push('committed', 'answer lost')
  await merge('lost', a!, b!)
  return engine
}

/** Without what differs from run to run: ids are drawn, and so is how long operators wait after a crash. */
const lasting = (span: OtlpSpan) => ({
  ...span,
  spanId: 'drawn',
  endTimeUnixNano: 'drawn',
  events: span.events.map((event) => (event.name === 'millrace.merged' ? event.name : event)),
})

describe('spans that the program exports by itself', () => {
  it('are those that a tracer is told of, one a merge whose epoch has committed', async () => {
    await using collector = await OtlpCollector.start()
    const { tracer, told } = recordingTracer()
    await using observed = await run({ tracer })
    await using exporting = await run({ otlpEndpoint: collector.url })
    await exporting.services.tracing!.flush!()

    const expected = readOtlpRequest(ProtobufTraceSerializer.serializeRequest([...told])!).spans
    assert.equal(expected.length, 4)
    assert.deepEqual(collector.spans.map(lasting), expected.map(lasting))
    assert.deepEqual(collector.requests[0]!.resource, { 'service.name': { stringValue: 'pairs' } })
    for (const { kafka } of [observed, exporting])
      assert.ok(kafka.calls.includes('aborted') && kafka.calls.includes('answer lost'))
    const { sent, dropped, queuedBytes } = exporting.services.tracing!.exported!
    assert.deepEqual([sent, dropped, queuedBytes], [4, 0, 0])
  })

  it('are not sent of a merge that a rollback has taken back, whatever has become of its epoch', () => {
    const names = { plan: planTopology(orders), partitions: partitionsOfSource() }
    const carried = carriedOn({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
    carried[0]! |= TRACED
    const sent: number[] = []
    const exporter = { add: (_spans: Uint8Array, count: number) => void sent.push(count) }
    const spans = new EncodedSpans(exporter, names, new VirtualClock(), seededRandom(1))
    const merge = (outcome: number) => {
      spans.begin(tracedMerge([{ partition: 0, offset: 1, side: 0, timestamp: 1, carried }]), 1)
      spans.end(outcome)
    }
    merge(PUBLISHED)
    spans.close({ number: 1 } as ClosingEpoch)
    spans.commit()
    merge(PUBLISHED)
    spans.close({ number: 2 } as ClosingEpoch)
    merge(PUBLISHED)
    spans.rollback()
    merge(LEFT_OUT)
    merge(PUBLISHED)
    spans.close({ number: 2 } as ClosingEpoch)
    spans.commit()
    spans.close({ number: 3 } as ClosingEpoch)
    spans.commit()

    assert.deepEqual(sent, [1, 1])
  })

  it('are of a bounded number of merges of an epoch', () => {
    let sent = 0
    const exporter = { add: (_spans: Uint8Array, count: number) => void (sent += count) }
    const names = { plan: planTopology(orders), partitions: partitionsOfSource() }
    const carried = carriedOn({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
    carried[0]! |= TRACED
    const spans = new EncodedSpans(exporter, names, new VirtualClock(), seededRandom(1))
    const merge = (count: number) => {
      const told = Array.from({ length: count }, () =>
        tracedMerge([{ partition: 0, offset: 1, side: 0, timestamp: 1, carried }]),
      )
      spans.begin(Buffer.concat(told), count)
      spans.end(PUBLISHED)
    }
    const end = (number: number) => {
      spans.close({ number } as ClosingEpoch)
      spans.commit()
      return sent
    }
    for (let count = 0; count < spansPerEpochMax + 10; count += 999) merge(999)
    merge(1)
    assert.equal(end(1), spansPerEpochMax)
    merge(1)
    assert.equal(end(2), spansPerEpochMax + 1)
  })

  it('are carried on by the records of a sink', async () => {
    await using collector = await OtlpCollector.start()
    await using engine = await run({ otlpEndpoint: collector.url })
    await engine.services.tracing!.flush!()

    const hex = (text: string) => Buffer.from(text, 'base64').toString('hex')
    const spans = collector.spans.map(({ traceId, spanId }) => `00-${hex(traceId)}-${hex(spanId)}-01`)
    const carried = engine.kafka.written.map(({ headers }) => headers['traceparent'])
    assert.deepEqual(carried, [...spans.slice(0, 2), unrecorded.traceparent, ...spans.slice(2)])
  })

  it('are none where a tracer is given, which variables of the environment are for then', async () => {
    await using collector = await OtlpCollector.start()
    const { tracer, told } = recordingTracer()
    await using engine = await run({ tracer, otlpEndpoint: collector.url })
    await engine.services.tracing!.flush?.()

    assert.deepEqual([told.length, collector.received.length, engine.services.tracing!.exported], [4, 0, undefined])
  })
})
