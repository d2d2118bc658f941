#!/usr/bin/env bash
# @opentelemetry/sdk-metrics 3.1.1 with @opentelemetry/api 1.10.0: instruments of more series than the SDK keeps (2,000, the default).
# Guess: beyond the limit series are taken together in one with the attribute otel.metric.overflow, so that totals stay right, as the
# specification wants: every measurement is in exactly one aggregation.
# Seen: so it is with a counter that is added to. Of a counter that is observed the series beyond the limit are set one over the other, and
# the last one is left: of 3,000 partitions with 10 records each the total is 20,000. Of a gauge it is the last one as well, so a lag that
# stands in another is not told. Nothing is logged. A view with a higher aggregationCardinalityLimit tells all.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @opentelemetry/api@1.10.0 @opentelemetry/sdk-metrics@3.1.1
cat >run.mjs <<'JS'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'

const partitions = Array.from({ length: 3000 }, (_, partition) => ({ partition }))

async function told(title, views) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 })
  const provider = new MeterProvider({ readers: [reader], views })
  const meter = provider.getMeter('finding')
  const added = meter.createCounter('added')
  for (const partition of partitions) added.add(10, partition)
  meter.createObservableCounter('observed').addCallback((result) => {
    for (const partition of partitions) result.observe(10, partition)
  })
  meter.createObservableGauge('lag').addCallback((result) => {
    for (const partition of partitions) result.observe(partition.partition === 2500 ? 1_000_000 : 0, partition)
  })
  await reader.forceFlush()
  for (const { descriptor, dataPoints } of exporter.getMetrics()[0].scopeMetrics[0].metrics) {
    const values = dataPoints.map(({ value }) => value)
    const sum = values.reduce((total, value) => total + value, 0)
    console.log(`${title}, ${descriptor.name}: ${values.length} series, ${descriptor.name === 'lag' ? `the greatest ${Math.max(...values)}` : `in total ${sum}`}`)
  }
  await provider.shutdown()
}
await told('by default')
await told('with a view', [{ instrumentName: '*', aggregationCardinalityLimit: 4000 }])
JS
node run.mjs | tee output.txt
diff output.txt - <<'EXPECTED'
by default, added: 2000 series, in total 30000
by default, observed: 2000 series, in total 20000
by default, lag: 2000 series, the greatest 0
with a view, added: 3000 series, in total 30000
with a view, observed: 3000 series, in total 30000
with a view, lag: 3000 series, the greatest 1000000
EXPECTED
