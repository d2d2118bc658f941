import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { startBroker } from '../../src/broker/index.ts'
import { field } from '../../src/streams/index.ts'
import { endTxn } from '../../src/protocol/index.ts'
import { FaultProxy } from '../transactions/fault-proxy.ts'
import { customerTopology, record } from './customers.ts'
import { committed, startQuietly } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const invalidTxnState = 48

/** The trace of a customer's parts; every second one is recorded. */
function traceOf(id: number, side: string): string {
  const parent = side === 'A' ? 'a' : 'b'
  return `00-${String(id).padStart(32, 'c')}-${parent.repeat(16)}-0${id % 2}`
}

const traced = (side: string, ids: readonly number[]) =>
  ids.map((id) => ({ ...record(side, id), headers: { kind: 'part', traceparent: traceOf(id, side) } }))

const ids = Array.from({ length: 20 }, (_, id) => id)
const recorded = ids.filter((id) => id % 2 === 1)

/** Merges as spans, through a tracer of OpenTelemetry's own. */
export function spans(target: Target): void {
  spansWith(target, 'the spans of merges', 0)
  spansWith(target, 'B17 the spans of merges of shards', 2)
}

function spansWith(target: Target, name: string, shards: number): void {
  describe(name, () => {
    function exporting() {
      const exporter = new InMemorySpanExporter()
      const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter } as never)] })
      return { exporter, tracer: provider.getTracer('millrace') }
    }

    it('are one a merge whose trace is recorded, also of epochs that were aborted and of parts that are read again', async () => {
      const stream = await target.stream()
      const { exporter, tracer } = exporting()
      await using refuser = await startBroker()
      await using proxy = await FaultProxy.start(target.bootstrapServers, refuser)
      const topology = customerTopology(stream)
      await stream.produce(traced('A', ids))
      const settings = { tracer, traceRatio: 1, shards }
      {
        await using app = await startQuietly(topology, target.bootstrapServers, settings)
        await app.caughtUp
      }

      await using app = await startQuietly(topology, proxy.bootstrapServers, settings)
      await app.caughtUp
      const befell = proxy.inject(endTxn, { refuse: invalidTxnState })
      await stream.produce(traced('B', ids))
      await befell
      await committed(app, ids.length)

      const told = exporter.getFinishedSpans()
      const byTrace = (id: number) =>
        told.filter((span) => span.spanContext().traceId === traceOf(id, 'A').slice(3, 35))
      assert.equal(told.length, recorded.length)
      assert.equal((await stream.merged()).length, ids.length)
      for (const id of recorded) {
        const [span, ...others] = byTrace(id)
        assert.equal(others.length, 0)
        assert.equal(span!.name, `merge ${stream.source}`)
        assert.equal(span!.attributes['messaging.consumer.group.name'], stream.app)
        assert.deepEqual(
          span!.links.map(({ context, attributes }) => [context.spanId, attributes?.['millrace.side']]),
          [
            ['a'.repeat(16), 'A'],
            ['b'.repeat(16), 'B'],
          ],
        )
      }
    })

    it('are carried on by the records of a sink, to those who read them', async () => {
      const stream = await target.stream()
      const { exporter, tracer } = exporting()
      const carrying = customerTopology(stream, { part: field('part') }, {}, { traceContext: true })
      await stream.produce([...traced('A', ids), ...traced('B', ids)])
      await using app = await startQuietly(carrying, target.bootstrapServers, { tracer, traceRatio: 1, shards })
      await app.caughtUp

      const carried = (await stream.merged()).map(({ headers }) => new Map(headers).get('traceparent')!)
      const spanned = exporter.getFinishedSpans().map((span) => {
        const { traceId, spanId } = span.spanContext()
        return `00-${traceId}-${spanId}-01`
      })
      const unrecorded = ids.filter((id) => id % 2 === 0).map((id) => traceOf(id, 'A'))
      assert.deepEqual(carried.sort(), [...spanned, ...unrecorded].sort())
    })
  })
}

if (import.meta.main) onEachBroker([spans])
