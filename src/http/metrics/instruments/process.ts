import type { Instrument } from '../instrument.ts'

/** The process as a whole. */
export const processInstruments: readonly Instrument[] = [
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
