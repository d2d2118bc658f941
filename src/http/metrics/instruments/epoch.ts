import type { Instrument } from '../instrument.ts'

/** Epochs. */
export const epochInstruments: readonly Instrument[] = [
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
]
