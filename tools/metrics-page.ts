import { instruments, labels, prometheusName } from '../src/http/index.ts'
import { page, table } from './markdown.ts'

/** `docs/metrics.md`, from the table of instruments. */
export function metricsPage(): string {
  const introduction =
    'What `/metrics` tells of a program that is served over HTTP ([how](operations.md#watching-a-program)). What is read was counted before, by epoch or by batch, so a scrape costs the path of records nothing.'
  const head = ['Prometheus', 'OpenTelemetry', 'kind', 'unit', 'labels', 'meaning']
  const rows = instruments.map((instrument) => [
    code(prometheusName(instrument)),
    code(instrument.name),
    instrument.kind,
    code(instrument.unit),
    instrument.labels.map(code).join(', ') || '-',
    instrument.help,
  ])
  const names = Object.entries(labels).map(([label, name]) => [code(label), code(name)])
  return page('Metrics', introduction, [
    `## Instruments\n\n${table(head, rows)}\n`,
    `## Labels\n\nEach value has the label \`app\`, the name of the program.\n\n${table(['Prometheus', 'OpenTelemetry'], names)}\n`,
  ])
}

function code(text: string): string {
  return `\`${text}\``
}
