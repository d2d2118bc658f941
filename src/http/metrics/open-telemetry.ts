import { type App, type AppEvents, type AppListener, secondsBounds } from '../../streams/index.ts'
import { type Instrument, type Label, labels as labelNames, type Sample } from './instrument.ts'
import { instruments } from './instruments.ts'
import { type MetricsOptions, MetricsReader } from './metrics-reader.ts'
import { viewsOf } from './metrics-view.ts'

/** What is used of a meter of OpenTelemetry; `metrics.getMeter(…)` of `@opentelemetry/api` gives one. */
export interface OpenTelemetryMeter<Observed = unknown> {
  createObservableGauge(name: string, options?: InstrumentOptions): Observed
  createObservableCounter(name: string, options?: InstrumentOptions): Observed
  createHistogram(
    name: string,
    options?: InstrumentOptions,
  ): { record(value: number, attributes?: Record<string, string>): void }
  /** Is given a function that is called with what `observe` an observable. */
  addBatchObservableCallback(callback: never, observables: never): void
  removeBatchObservableCallback(callback: never, observables: never): void
}

/** How an instrument is described to a meter. */
export interface InstrumentOptions {
  description?: string
  unit?: string
  advice?: { explicitBucketBoundaries?: number[] }
}

interface Observer {
  observe(observable: unknown, value: number, attributes: Record<string, string>): void
}

type Observed = Exclude<Instrument, { readonly kind: 'histogram' }>

/** By the histogram, what an epoch that has committed adds to it, in milliseconds. */
const epochTimes: Readonly<Record<string, (event: AppEvents['epochCommitted']) => number | undefined>> = {
  'millrace.epoch.duration': ({ durationMs }) => durationMs,
  'millrace.epoch.commit.duration': ({ commitMs }) => commitMs,
}

/**
 * Has a meter of OpenTelemetry measure a program: the instruments of `docs/metrics.md`, by the names that they have
 * there. Counters and gauges are observed when the meter's reader collects; histograms have the epochs from now on.
 * Disposing of what it returns ends that.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 *
 * @example
 * import { metrics } from '@opentelemetry/api'
 * observeMetrics(app, metrics.getMeter('millrace'))
 */
export function observeMetrics(app: App, meter: OpenTelemetryMeter, options?: MetricsOptions): Disposable {
  const reader = new MetricsReader(app, options)
  const observed = instruments
    .filter((instrument): instrument is Observed => instrument.kind !== 'histogram')
    .map((instrument) => ({ instrument, observable: observableOf(meter, instrument) }))
  const observables = observed.map(({ observable }) => observable)
  const callback = async (observer: Observer) => {
    const view = await reader.read()
    for (const { instrument, observable } of observed)
      for (const each of viewsOf(view, instrument))
        for (const { labels, value } of instrument.read(each))
          observer.observe(observable, value, attributesOf(each.inspection.app, labels))
  }
  meter.addBatchObservableCallback(callback as never, observables as never)
  const onCommitted = recorderOf(app.name, meter)
  app.on('epochCommitted', onCommitted)
  return {
    [Symbol.dispose]() {
      meter.removeBatchObservableCallback(callback as never, observables as never)
      app.off('epochCommitted', onCommitted)
      reader[Symbol.dispose]()
    },
  }
}

function observableOf(meter: OpenTelemetryMeter, { name, kind, unit, help }: Observed): unknown {
  const options = { description: help, unit }
  return kind === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
}

/** Records the times of an epoch into all histograms. */
function recorderOf(name: string, meter: OpenTelemetryMeter): AppListener<'epochCommitted'> {
  const histograms = instruments
    .filter(({ kind }) => kind === 'histogram')
    .map(({ name, unit, help }) => {
      const advice = { explicitBucketBoundaries: [...secondsBounds] }
      return { histogram: meter.createHistogram(name, { description: help, unit, advice }), ms: epochTimes[name]! }
    })
  return (event) => {
    const attributes = attributesOf(event.app ?? name)
    for (const { histogram, ms } of histograms) {
      const value = ms(event)
      if (value !== undefined) histogram.record(value / 1_000, attributes)
    }
  }
}

function attributesOf(app: string, labels: Sample['labels'] = {}): Record<string, string> {
  const named = Object.entries(labels).map(([label, value]) => [labelNames[label as Label], value])
  return { [labelNames.app]: app, ...Object.fromEntries(named) }
}
