import type { Instrument } from '../instrument.ts'

/** Spans that the program exports by itself. */
export const spanInstruments: readonly Instrument[] = [
  {
    name: 'millrace.spans',
    kind: 'counter',
    unit: '{span}',
    labels: ['outcome'],
    help: 'Spans of merges that were sent to the collector of `otlpEndpoint`, and those that were dropped.',
    isOfProcess: true,
    read: ({ inspection: { spans } }) =>
      spans === undefined
        ? []
        : [
            { labels: { outcome: 'sent' }, value: spans.sent },
            { labels: { outcome: 'dropped' }, value: spans.dropped },
          ],
  },
  {
    name: 'millrace.spans.queued',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    help: 'Bytes of those that are still to be sent.',
    isOfProcess: true,
    read: ({ inspection: { spans } }) => (spans === undefined ? [] : [{ value: spans.queuedBytes }]),
  },
]
