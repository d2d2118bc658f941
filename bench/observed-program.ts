/**
 * The experiment on topics that the bench names in the environment, which says as well how it is observed: whether it is
 * served, where merges are told of, and whether a meter of OpenTelemetry collects. Prints the address of its server,
 * begins when a line comes, and prints its figures when all has ended.
 */
import { once } from 'node:events'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type * as http from '../src/doors/http.ts'
import type * as streams from '../src/doors/millrace.ts'
import { experimentOf } from './experiment-of.ts'

// The package, as users have it: its modules are gathered in a few files.
const millrace = (await import('../dist/doors/millrace.js' as string)) as typeof streams
const { observeMetrics, serve } = (await import('../dist/doors/http.js' as string)) as typeof http

const env = process.env as Record<string, string>
/** An endpoint, or `SDK`; empty where merges are told to nobody. */
const spansTo = env['BENCH_SPANS_TO']!
const isServed = env['BENCH_IS_SERVED'] !== ''
const hasMeter = env['BENCH_HAS_METER'] !== ''
let spanCount = 0
/** Counts what it gets and drops it: spans that are kept would have the garbage collector copy them again and again. */
const exporter: SpanExporter = {
  export(spans, done) {
    spanCount += spans.length
    done({ code: 0 })
  },
  shutdown: async () => {},
  forceFlush: async () => {},
}
const traces = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
const metrics = hasMeter
  ? new MeterProvider({
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
          exportIntervalMillis: 1_000,
        }),
      ],
    })
  : undefined
const starting = Promise.withResolvers<streams.App>()
await using server = isServed ? await serve(starting.promise, { http: '127.0.0.1:0' }) : undefined
console.log(JSON.stringify({ url: server?.url }))
await once(process.stdin, 'data')

const cpu = process.cpuUsage()
const teller = spansTo === 'SDK' ? { tracer: traces.getTracer('millrace') } : { otlpEndpoint: spansTo }
const tracing = spansTo === '' ? {} : { ...teller, traceRatio: 0.01 }
const logger = { debug() {}, info() {}, warn: console.error, error: console.error }
const topology = experimentOf(millrace, {
  app: env['BENCH_APP']!,
  source: env['BENCH_SOURCE']!,
  sink: env['BENCH_SINK']!,
})
await using app = await millrace.start(topology, { bootstrapServers: env['BENCH_SERVERS']!, logger, ...tracing })
starting.resolve(app)
using _observing = metrics && observeMetrics(app, metrics.getMeter('millrace'))
await app.caughtUp
await app.stop()
await traces.forceFlush()
const { user, system } = process.cpuUsage(cpu)
const { mergedRecords, statistics } = app.report()
const { spans } = await app.inspect()
console.log(
  JSON.stringify({
    correlationRate: (mergedRecords * 1_000) / (statistics.lastCommitMs - statistics.firstFetchMs),
    cpuSeconds: (user + system) / 1e6,
    spans: spans?.sent ?? spanCount,
  }),
)
process.stdin.destroy()
await metrics?.shutdown()
