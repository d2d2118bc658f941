import type { HistogramSnapshot } from '../../streams/index.ts'
import type { MetricsView } from './metrics-view.ts'

/** Labels with the names that OpenTelemetry has for them. */
export const labels = {
  app: 'messaging.consumer.group.name',
  topic: 'messaging.destination.name',
  partition: 'messaging.destination.partition.id',
  outcome: 'millrace.outcome',
  reason: 'millrace.dead_letter.reason',
  role: 'millrace.role',
  missing: 'millrace.missing',
  table: 'millrace.table',
  actor: 'millrace.actor',
  statistic: 'millrace.statistic',
} as const

export type Label = keyof typeof labels

/** One value of an instrument. Every one has the label `app` besides. */
export interface Sample<Value = number> {
  readonly labels?: Partial<Record<Label, string>>
  readonly value: Value
}

interface Described {
  /** As OpenTelemetry spells it; `prometheusName` makes the other one of it. */
  readonly name: string
  /** As UCUM has it: `s`, `By`, `1`, or what is counted, in braces. */
  readonly unit: string
  readonly labels: readonly Label[]
  /** One sentence. */
  readonly help: string
  /** Whether it is of the process, whose subtopologies have it together. @defaultValue false */
  readonly isOfProcess?: true
}

/** Something that is measured, and how it is read. */
export type Instrument =
  | (Described & {
      readonly kind: 'counter' | 'gauge'
      readonly read: (view: MetricsView) => readonly Sample[]
    })
  | (Described & {
      readonly kind: 'histogram'
      readonly read: (view: MetricsView) => readonly Sample<HistogramSnapshot>[]
    })
