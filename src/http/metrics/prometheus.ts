import type { HistogramSnapshot } from '../../streams/index.ts'
import type { Instrument, Label, Sample } from './instrument.ts'
import { instruments } from './instruments.ts'
import { type MetricsView, viewsOf } from './metrics-view.ts'

/** What `prometheusText` is, for whoever asks for it. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

const unitSuffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }

/**
 * The name of an instrument for Prometheus, by the rules that OpenTelemetry has for that: dots become underscores, the
 * unit follows, and `_total` after that of a counter.
 */
export function prometheusName({ name, unit, kind }: Pick<Instrument, 'name' | 'unit' | 'kind'>): string {
  const total = kind === 'counter' ? '_total' : ''
  return `${name.replaceAll('.', '_')}${unitSuffixes[unit] ?? ''}${total}`
}

/** What stands before the values of each instrument: it never changes. */
const heads = new Map(
  instruments.map((instrument) => {
    const name = prometheusName(instrument)
    return [instrument, `# HELP ${name} ${escapeHelp(instrument.help)}\n# TYPE ${name} ${instrument.kind}\n`]
  }),
)

/**
 * All instruments in the text format that Prometheus reads, version 0.0.4. It is written with as little as possible in
 * between, because programs of many partitions have thousands of values.
 */
export function prometheusText(view: MetricsView): string {
  let text = ''
  for (const instrument of instruments) {
    text += heads.get(instrument)
    for (const each of viewsOf(view, instrument)) text += valuesText(instrument, each)
  }
  return text
}

function valuesText(instrument: Instrument, view: MetricsView): string {
  const app = `{app="${escapeLabel(view.inspection.app)}"`
  const name = prometheusName(instrument)
  let text = ''
  if (instrument.kind === 'histogram') {
    for (const sample of instrument.read(view)) text += histogramText(name, app, sample)
  } else {
    for (const { labels, value } of instrument.read(view)) text += `${name}${app}${labelText(labels)}} ${value}\n`
  }
  return text
}

function histogramText(name: string, app: string, { labels, value }: Sample<HistogramSnapshot>): string {
  const { bounds, counts, sum, count } = value
  const all = `${app}${labelText(labels)}`
  let upTo = 0
  const buckets = counts.map((inBucket, index) => {
    upTo += inBucket
    const le = index < bounds.length ? String(bounds[index]) : '+Inf'
    return `${name}_bucket${all},le="${le}"} ${upTo}\n`
  })
  return `${buckets.join('')}${name}_sum${all}} ${sum}\n${name}_count${all}} ${count}\n`
}

/** Labels after the first one. */
function labelText(labels: Sample['labels'] = {}): string {
  let text = ''
  for (const label in labels) text += `,${label}="${escapeLabel(labels[label as Label] ?? '')}"`
  return text
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
}

function escapeLabel(text: string): string {
  // Few have anything to escape.
  return /[\\"\n]/.test(text) ? escapeHelp(text).replaceAll('"', String.raw`\"`) : text
}
