import type { Instrument } from '../instrument.ts'

/** What a process is to its program, and what it waits for. */
export const programInstruments: readonly Instrument[] = [
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
    help: 'How long ago the table of a standby, or that of copies of tasks, was as new as the checkpoint; absent where there is none.',
    read: ({ inspection: { standbyAgeMs } }) => (standbyAgeMs === undefined ? [] : [{ value: standbyAgeMs / 1_000 }]),
  },
  {
    name: 'millrace.standby.tasks',
    kind: 'gauge',
    unit: '{task}',
    labels: [],
    help: 'Tasks of other processes of which this one keeps a copy; absent where it keeps none.',
    read: ({ inspection: { copies } }) => (copies === undefined ? [] : [{ value: copies.tasks.length }]),
  },
  {
    name: 'millrace.standby.bytes',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Memory of the pending parts in these copies; absent where there are none.',
    read: ({ inspection: { copies } }) => (copies === undefined ? [] : [{ value: copies.bytes }]),
  },
]
