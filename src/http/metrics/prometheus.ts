import type { HistogramSnapshot } from '../../streams/index.ts'
import { type Instrument, instruments, type Label, type MetricsView, type Sample } from './instruments.ts'

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

/** All instruments in the text format that Prometheus reads, version 0.0.4. */
export function prometheusText(view: MetricsView): string {
  const lines: string[] = []
  const { app } = view.inspection
  for (const instrument of instruments) {
    const name = prometheusName(instrument)
    lines.push(`# HELP ${name} ${escapeHelp(instrument.help)}`, `# TYPE ${name} ${instrument.kind}`)
    if (instrument.kind === 'histogram') {
      for (const sample of instrument.read(view)) lines.push(...histogramLines(name, app, sample))
    } else {
      for (const { labels, value } of instrument.read(view))
        lines.push(`${name}${labelText({ app, ...labels })} ${value}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function histogramLines(name: string, app: string, { labels, value }: Sample<HistogramSnapshot>): string[] {
  const { bounds, counts, sum, count } = value
  let upTo = 0
  const buckets = counts.map((inBucket, index) => {
    upTo += inBucket
    const le = index < bounds.length ? String(bounds[index]) : '+Inf'
    return `${name}_bucket${labelText({ app, ...labels, le })} ${upTo}`
  })
  const all = labelText({ app, ...labels })
  return [...buckets, `${name}_sum${all} ${sum}`, `${name}_count${all} ${count}`]
}

function labelText(labels: Partial<Record<Label | 'le', string>>): string {
  return `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    .join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`)
}
