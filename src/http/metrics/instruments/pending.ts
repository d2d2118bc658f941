import type { Instrument } from '../instrument.ts'

/** Groups of rows that lack the same sides, of which each is a series of its own. */
const groupsMax = 16

/** Pending rows, and the table that they are in. */
export const pendingInstruments: readonly Instrument[] = [
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
  {
    name: 'millrace.table.memory',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Memory that the system has given for the pending table, its index and its logs.',
    read: ({ inspection }) => [{ value: inspection.report.tableBytes }],
  },
]
