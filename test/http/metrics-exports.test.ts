import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  InMemoryMetricExporter,
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { Registry } from 'prom-client'
import { startBroker } from '../../src/broker/index.ts'
import { instruments, labels, observeMetrics, registerMetrics } from '../../src/http/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { until } from '../until.ts'
import { closeAtEnd } from '../at-end.ts'
import { customers, customerTopology, record } from '../integration/customers.ts'
import { committed, startQuietly } from '../integration/run.ts'
import { createStream } from '../integration/target.ts'
import { serveQuietly } from './serve-quietly.ts'
import { withAdmin } from './with-admin.ts'

describe('the metrics of a program', () => {
  async function start() {
    const broker = await startBroker()
    closeAtEnd(() => broker[Symbol.asyncDispose]())
    const stream = await withAdmin(broker.bootstrapServers, createStream)
    await stream.produce([...customers(10), record('A', 99), { value: 'no JSON' }])
    const app = await startQuietly(customerTopology(stream), broker.bootstrapServers)
    await app.caughtUp
    return { stream, app }
  }

  it('are those of /metrics in a registry of prom-client, until they are taken out', async () => {
    const { app } = await start()
    await using _app = app
    await using server = await serveQuietly(app)
    await app.inspect()
    const registry = new Registry()
    const registered = registerMetrics(app, registry)

    const [given, served] = await Promise.all([registry.metrics(), server.get('/metrics')])
    registered[Symbol.dispose]()

    assert.deepEqual(steady(given), steady(served))
    assert.ok(steady(given).includes('millrace_dead_letters_total{app="' + app.name + '",reason="NOT_JSON"} 1'))
    assert.equal((await registry.metrics()).trim(), '')
  })

  it('are named for OpenMetrics where the registry is', async () => {
    const { app } = await start()
    await using _app = app
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    using _registered = registerMetrics(app, registry)

    const text = await registry.metrics()

    assert.match(text, /^# TYPE millrace_dead_letters counter$/m)
    assert.match(text, /^millrace_dead_letters_total\{.*reason="NOT_JSON".*\} 1$/m)
  })

  it('have the pending rows counted while somebody looks, and not for charts or health alone', async () => {
    const { app } = await start()
    await using _app = app
    const clock = new VirtualClock()
    await using server = await serveQuietly(app, { clock })
    const pending = async () => (await app.inspect({ countsPending: false })).pending?.rows
    await clock.advance(60_000)
    await server.get('/ready')
    assert.equal(await pending(), undefined)

    await server.get('/metrics')

    await until('they are counted', async () => (await pending()) === 1)
  })

  it('are observed by a meter of OpenTelemetry, under its names, and epochs as they commit', async () => {
    const { app, stream } = await start()
    await using _app = app
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    const provider = new MeterProvider({ readers: [reader] })
    const observing = observeMetrics(app, provider.getMeter('millrace'))
    const { consumed } = app.progress()
    await stream.produce([record('B', 99)])
    await committed(app, consumed + 1)

    await reader.forceFlush()
    observing[Symbol.dispose]()

    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    const byName = new Map(metrics.map((metric) => [metric.descriptor.name, metric]))
    // Of a standby, of rows that may not have been counted yet, and of tables and spans, of which the program has none.
    const absent = /^millrace\.(standby\..*|pending\.age|pending\.missing|lookup\..*|spans.*)$/
    for (const { name, unit, help } of instruments) {
      const metric = byName.get(name)
      if (absent.test(name) && metric === undefined) continue
      assert.deepEqual([metric?.descriptor.unit, metric?.descriptor.description], [unit, help], name)
      for (const { attributes } of metric!.dataPoints) assert.equal(attributes[labels.app], app.name)
    }
    const letters = byName.get('millrace.dead_letters')!.dataPoints
    assert.deepEqual(
      letters.map(({ attributes, value }) => [attributes[labels.reason], value]),
      [['NOT_JSON', 1]],
    )
    const [epochs] = byName.get('millrace.epoch.duration')!.dataPoints
    assert.ok((epochs!.value as { count: number }).count >= 1)
    await provider.shutdown()
  })
})

/** Values that do not change from one moment to the next, in order. */
function steady(text: string): string[] {
  const moving = /^(#|$)|event_loop|process_|wait_time|source_delay|pending_(age|missing)|actor_|broker_/
  return text
    .split('\n')
    .filter((line) => !moving.test(line.replace('millrace_', '')))
    .sort()
}
