import type { Instrument } from '../instrument.ts'

/** What is written. */
export const sinkInstruments: readonly Instrument[] = [
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
]
