import type { App, HistogramSnapshot } from '../../streams/index.ts'
import type { Instrument, Sample } from './instrument.ts'
import { instruments } from './instruments.ts'
import { type MetricsOptions, MetricsReader } from './metrics-reader.ts'
import { type MetricsView, viewsOf } from './metrics-view.ts'
import { prometheusName } from './prometheus.ts'

/** What is used of a registry of prom-client; `register` of that package is one. */
export interface PrometheusRegistry {
  readonly contentType?: string
  /** Is given an object with what a metric of prom-client has: `name`, `help`, `type`, `aggregator` and `get`. */
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

interface Value {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Where it is another one than that of the metric. */
  readonly metricName?: string
}

/**
 * Adds the metrics of a program to a registry of prom-client, under the names that `/metrics` of `serve` has. Disposing
 * of what it returns takes them out again.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`; what the registry throws where it has a metric of the same name, as for a
 * second program in one registry.
 *
 * @example
 * import { register } from 'prom-client'
 * registerMetrics(app, register)
 */
export function registerMetrics(app: App, registry: PrometheusRegistry, options?: MetricsOptions): Disposable {
  const reader = new MetricsReader(app, options)
  // There a counter is named without what all its values end in.
  const isOpenMetrics = registry.contentType?.startsWith('application/openmetrics-text') ?? false
  const names = instruments.map((instrument) => {
    const fullName = prometheusName(instrument)
    const name = isOpenMetrics ? fullName.replace(/_total$/, '') : fullName
    const { help, kind: type } = instrument
    const aggregator = type === 'counter' || type === 'histogram' ? 'sum' : 'first'
    const about = { name, help, type, aggregator }
    const get = async () => ({ ...about, values: valuesOf(name, instrument, await reader.read()) })
    // What is read is counted by the program, which goes on.
    registry.registerMetric({ ...about, get, reset() {} } as never)
    return name
  })
  return {
    [Symbol.dispose]() {
      for (const name of names) registry.removeSingleMetric(name)
      reader[Symbol.dispose]()
    },
  }
}

function valuesOf(name: string, instrument: Instrument, view: MetricsView): Value[] {
  return viewsOf(view, instrument).flatMap((each) => valuesOfOne(name, instrument, each))
}

function valuesOfOne(name: string, instrument: Instrument, view: MetricsView): Value[] {
  const { app } = view.inspection
  if (instrument.kind === 'histogram')
    return instrument.read(view).flatMap((sample) => histogramValues(name, app, sample))
  return instrument.read(view).map(({ labels, value }) => ({ labels: { app, ...labels }, value }))
}

function histogramValues(name: string, app: string, { labels, value }: Sample<HistogramSnapshot>): Value[] {
  const { bounds, counts, sum, count } = value
  const all = { app, ...labels }
  let upTo = 0
  const buckets = counts.map((inBucket, index): Value => {
    upTo += inBucket
    return { metricName: `${name}_bucket`, labels: { ...all, le: String(bounds[index] ?? '+Inf') }, value: upTo }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: all, value: sum },
    { metricName: `${name}_count`, labels: all, value: count },
  ]
}
