import {
  type Class,
  classes,
  type HistogramSnapshot,
  type InspectedActor,
  type Inspection,
  type PartitionAccount,
} from '../../streams/index.ts'
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

/** A counter never goes back, and what is redriven is a dead letter no more. */
function countOf(account: PartitionAccount, outcome: Class): number {
  return outcome === 'deadLettered' ? account.deadLettered + account.redriven : account[outcome]
}

/**
 * All instruments. The texts for Prometheus, the names for OpenTelemetry and `docs/metrics.md` are made from this table.
 * What is read has been counted before, by epoch or batch, so nothing here costs the path of records anything.
 */
export const instruments: readonly Instrument[] = [
  {
    name: 'millrace.ready',
    kind: 'gauge',
    unit: '1',
    labels: [],
    help: 'Whether `/ready` says so: 1, or 0.',
    read: ({ readiness }) => [{ value: Number(readiness.isReady) }],
  },
  {
    name: 'millrace.role',
    kind: 'gauge',
    unit: '1',
    labels: ['role'],
    help: 'Whether the process has the role: 1, or 0. One that has ended has none.',
    read: ({ inspection }) =>
      (['active', 'standby', 'incompatible'] as const).map((role) => ({
        labels: { role },
        value: Number(inspection.role === role && !inspection.hasEnded),
      })),
  },
  {
    name: 'millrace.broker.waiting',
    kind: 'gauge',
    unit: '1',
    labels: [],
    help: 'Whether brokers are waited for because they are away, elect or refuse: 1, or 0.',
    read: ({ inspection }) => [{ value: Number(inspection.waiting !== undefined) }],
  },
  {
    name: 'millrace.broker.wait.time',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'For how long they have been waited for; 0 where they are not.',
    read: ({ inspection: { waiting, atMs } }) => [
      { value: waiting === undefined ? 0 : Math.max(0, atMs - waiting.sinceMs) / 1_000 },
    ],
  },
  {
    name: 'millrace.broker.throttle.time',
    kind: 'counter',
    unit: 's',
    labels: [],
    help: 'For how long brokers have had this process wait because a produce quota was used up.',
    read: ({ inspection }) => [{ value: inspection.throttledMs / 1_000 }],
  },
  {
    name: 'millrace.standby.age',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'How long ago the table of a standby was as new as the checkpoint; absent where it keeps none.',
    read: ({ inspection: { standbyAgeMs } }) => (standbyAgeMs === undefined ? [] : [{ value: standbyAgeMs / 1_000 }]),
  },
  {
    name: 'millrace.source.records',
    kind: 'counter',
    unit: '{record}',
    labels: ['topic', 'partition', 'outcome'],
    help: 'Consumed offsets by what became of them, since the program first started, in this process or others; of the active process. Dead letters count as such also when they have been redriven.',
    read: ({ inspection }) =>
      inspection.partitions.flatMap((account) =>
        classes.map((outcome) => ({
          labels: { topic: account.topic, partition: String(account.partition), outcome: snakeCase(outcome) },
          value: countOf(account, outcome),
        })),
      ),
  },
  perPartition('millrace.source.pending', '{record}', 'Pending parts by the partition that they came from.', 'pending'),
  perPartition(
    'millrace.source.offset',
    '{offset}',
    'Offset to consume next, as of the last committed epoch.',
    'nextOffset',
  ),
  perPartition(
    'millrace.source.end',
    '{offset}',
    'Offset after the last record that may be read, asked for when metrics are.',
    'endOffset',
  ),
  perPartition('millrace.source.lag', '{record}', 'Records that are not consumed and committed.', 'lag'),
  {
    name: 'millrace.source.delay',
    kind: 'gauge',
    unit: 's',
    labels: ['topic', 'partition'],
    help: 'The lag in time: how old the last consumed record is, by its timestamp; 0 where there is none to consume.',
    read: ({ inspection }) =>
      inspection.partitions.flatMap(({ topic, partition, delayMs }) =>
        delayMs === undefined ? [] : [{ labels: { topic, partition: String(partition) }, value: delayMs / 1_000 }],
      ),
  },
  {
    name: 'millrace.source.io',
    kind: 'counter',
    unit: 'By',
    labels: [],
    help: 'Bytes of record batches that this process has read from sources.',
    read: ({ inspection }) => [{ value: inspection.report.statistics.sourceBytes }],
  },
  {
    name: 'millrace.merged.records',
    kind: 'counter',
    unit: '{record}',
    labels: [],
    help: 'Merged records that this process has published.',
    read: ({ inspection }) => [{ value: inspection.report.mergedRecords }],
  },
  {
    name: 'millrace.sink.records',
    kind: 'counter',
    unit: '{record}',
    labels: ['topic'],
    help: 'Records that this process has written in committed epochs, by topic: sinks, dead letters, checkpoint.',
    read: ({ inspection }) =>
      inspection.report.written.map(({ topic, records }) => ({ labels: { topic }, value: records })),
  },
  {
    name: 'millrace.sink.io',
    kind: 'counter',
    unit: 'By',
    labels: ['topic'],
    help: 'Bytes of their record batches, before they are compressed.',
    read: ({ inspection }) =>
      inspection.report.written.map(({ topic, bytes }) => ({ labels: { topic }, value: bytes })),
  },
  {
    name: 'millrace.dead_letters',
    kind: 'counter',
    unit: '{record}',
    labels: ['reason'],
    help: 'Dead letters by their reason, duplicates and expired rows among them, since this process became the active one.',
    read: ({ inspection }) => inspection.deadLetters.map(({ reason, count }) => ({ labels: { reason }, value: count })),
  },
  {
    name: 'millrace.expired.rows',
    kind: 'counter',
    unit: '{row}',
    labels: [],
    help: 'Rows that have left incomplete, expired or evicted, wherever they went.',
    read: ({ inspection }) => [{ value: inspection.expiredRows }],
  },
  {
    name: 'millrace.pending.rows',
    kind: 'gauge',
    unit: '{row}',
    labels: [],
    help: 'Pending rows, in the table or cold.',
    read: ({ inspection }) => [{ value: inspection.report.pendingRows }],
  },
  {
    name: 'millrace.pending.size',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Bytes of the pending parts, which `pendingBytesMax` bounds.',
    read: ({ inspection }) => [{ value: inspection.report.pendingBytes }],
  },
  {
    name: 'millrace.pending.cold',
    kind: 'gauge',
    unit: '{record}',
    labels: [],
    help: 'Cold parts: pending ones of which only the place is in memory, with `whenFull: promote`.',
    read: ({ inspection }) => [{ value: inspection.report.coldParts }],
  },
  {
    name: 'millrace.pending.age',
    kind: 'gauge',
    unit: 's',
    labels: [],
    help: 'Age of the oldest pending part, by its timestamp, when the rows were last counted; 0 where there is none.',
    read: ({ inspection: { pending } }) =>
      pending === undefined
        ? []
        : [{ value: pending.oldestMs === undefined ? 0 : Math.max(0, pending.takenMs - pending.oldestMs) / 1_000 }],
  },
  {
    name: 'millrace.pending.missing',
    kind: 'gauge',
    unit: '{row}',
    labels: ['missing'],
    help: 'Pending rows by the sides that they lack, when they were last counted: the 16 largest groups.',
    read: ({ inspection: { pending } }) =>
      (pending?.byMissing ?? [])
        .slice(0, groupsMax)
        .map(({ missing, rows }) => ({ labels: { missing: missing.join(',') }, value: rows })),
  },
  perLookup('millrace.lookup.rows', '{row}', 'Rows of each table that a topic fills.', 'gauge', 'rows'),
  perLookup(
    'millrace.lookup.size',
    'By',
    'Bytes of these rows, which `bytesMax` of the table bounds.',
    'gauge',
    'bytes',
  ),
  perLookup(
    'millrace.lookup.refused',
    '{record}',
    'Records of these topics that were no rows, since the process began its term.',
    'counter',
    'badRows',
  ),
  {
    name: 'millrace.table.memory',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Memory that the system has given for the pending table, its index and its logs.',
    read: ({ inspection }) => [{ value: inspection.report.tableBytes }],
  },
  {
    name: 'millrace.epochs',
    kind: 'counter',
    unit: '{epoch}',
    labels: ['outcome'],
    help: 'Epochs that this process has committed, and times that it has gone back to the last committed one.',
    read: ({ inspection: { epochs } }) => [
      { labels: { outcome: 'committed' }, value: epochs.committed },
      { labels: { outcome: 'rolled_back' }, value: epochs.rolledBack },
    ],
  },
  {
    name: 'millrace.epoch.duration',
    kind: 'histogram',
    unit: 's',
    labels: [],
    help: 'Time from the first row of an epoch to the acknowledgement of its commit.',
    read: ({ inspection }) => [{ value: inspection.epochs.seconds }],
  },
  {
    name: 'millrace.epoch.commit.duration',
    kind: 'histogram',
    unit: 's',
    labels: [],
    help: 'Time from the border of an epoch to the acknowledgement of its commit.',
    read: ({ inspection }) => [{ value: inspection.epochs.commitSeconds }],
  },
  {
    name: 'millrace.actor.restarts',
    kind: 'counter',
    unit: '{restart}',
    labels: ['actor'],
    help: 'Restarts of each actor and supervisor of the program.',
    read: ({ inspection }) => perActor(inspection, ({ restarts }) => restarts),
  },
  {
    name: 'millrace.actor.messages',
    kind: 'counter',
    unit: '{message}',
    labels: ['actor'],
    help: 'Messages that each actor has handled. Records travel in batches, up to 2,048 in a message.',
    read: ({ inspection }) => perActor(inspection, ({ handled }) => handled),
  },
  {
    name: 'millrace.actor.mailbox',
    kind: 'gauge',
    unit: '{message}',
    labels: ['actor'],
    help: 'Messages in the mailbox of each actor, with those that wait for room in it.',
    read: ({ inspection }) => perActor(inspection, ({ mailbox }) => mailbox),
  },
  {
    name: 'millrace.event_loop.delay',
    kind: 'gauge',
    unit: 's',
    labels: ['statistic'],
    help: 'How late the event loop ran over the last ten seconds and more: median, 99th percentile, and most.',
    isOfProcess: true,
    read: ({ process: { loopDelay } }) => [
      { labels: { statistic: 'median' }, value: loopDelay.median },
      { labels: { statistic: 'p99' }, value: loopDelay.p99 },
      { labels: { statistic: 'max' }, value: loopDelay.max },
    ],
  },
  {
    name: 'millrace.process.cpu.time',
    kind: 'counter',
    unit: 's',
    labels: [],
    help: 'User and system time of the process.',
    isOfProcess: true,
    read: ({ process }) => [{ value: process.cpuSeconds }],
  },
  {
    name: 'millrace.process.memory',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Memory of the process that is resident.',
    isOfProcess: true,
    read: ({ process }) => [{ value: process.residentBytes }],
  },
]

const groupsMax = 16

type PartitionFigure = 'pending' | 'nextOffset' | 'endOffset' | 'lag'

function perPartition(name: string, unit: string, help: string, figure: PartitionFigure): Instrument {
  return {
    name,
    kind: 'gauge',
    unit,
    labels: ['topic', 'partition'],
    help,
    read: ({ inspection }) =>
      inspection.partitions.map((account) => ({
        labels: { topic: account.topic, partition: String(account.partition) },
        value: account[figure],
      })),
  }
}

function perLookup(
  name: string,
  unit: string,
  help: string,
  kind: 'counter' | 'gauge',
  figure: 'rows' | 'bytes' | 'badRows',
): Instrument {
  return {
    name,
    kind,
    unit,
    labels: ['table', 'topic'],
    help,
    read: ({ inspection: { lookups = [] } }) =>
      lookups.map(({ table, topic, [figure]: value }) => ({ labels: { table, topic }, value })),
  }
}

function perActor({ actors }: Inspection, figure: (actor: InspectedActor) => number | undefined): Sample[] {
  return withBelow(actors).flatMap((actor) => {
    const value = figure(actor)
    return value === undefined ? [] : [{ labels: { actor: actor.path }, value }]
  })
}

function withBelow(actor: InspectedActor | undefined): InspectedActor[] {
  return actor === undefined ? [] : [actor, ...actor.children.flatMap(withBelow)]
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
