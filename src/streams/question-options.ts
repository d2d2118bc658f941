import { partitionsMax } from '../kernel/index.ts'
import type { OptionTable } from '../core/options.ts'
import { runOptions } from './options.ts'

/** Settings of everything that looks at an application from outside, whether it runs or not. */
export const appOptions = {
  app: {
    type: 'string',
    flag: '--app',
    doc: 'Name of the application, which is the name of its topology.',
  },
  bootstrapServers: runOptions.bootstrapServers,
  brokerWaitMs: {
    type: 'int',
    default: 30_000,
    min: 0,
    env: 'MILLRACE_BROKER_WAIT_MS',
    flag: '--broker-wait-ms',
    doc: 'How long brokers that are away, elect or refuse for now are waited for before that is an error, in milliseconds.',
  },
} as const satisfies OptionTable

/** The same where the topics of the application are read to their ends. */
export const readingOptions = {
  ...appOptions,
  decompressedBytesMax: runOptions.decompressedBytesMax,
  transactionWaitMs: {
    type: 'int',
    default: 30_000,
    min: 0,
    max: 3_600_000,
    flag: '--transaction-wait-ms',
    doc: 'How long a transaction that is open in a topic is waited for, in milliseconds.',
  },
} as const satisfies OptionTable

/** Which dead letters are read. */
export const letterOptions = {
  reason: {
    type: 'string',
    optional: true,
    flag: '--reason',
    doc: 'Only dead letters with this reason, such as `STAGE_FAILED`, or with one of several, separated by commas.',
  },
  limit: {
    type: 'int',
    default: 100,
    min: 1,
    max: 1_000,
    flag: '--limit',
    doc: 'The newest dead letters, as many as this, among the last 10,000 of each partition.',
  },
  origin: {
    type: 'string',
    optional: true,
    flag: '--origin',
    doc: 'Only those of the record that was there: `orders:3@1041`, or `3@1041`; or of all of a partition or topic, `orders:3`, `orders`. They are shown in full, with their headers.',
  },
} as const satisfies OptionTable

/** Which dead letters are redriven. */
export const redriveOptions = {
  reason: {
    type: 'string',
    optional: true,
    flag: '--reason',
    doc: 'Only dead letters with this reason, such as `STAGE_FAILED`, or with one of several, separated by commas. Without it all but duplicates and expired rows.',
  },
  key: {
    type: 'string',
    optional: true,
    flag: '--key',
    doc: 'Only those whose record has this key, as text.',
  },
  since: {
    type: 'string',
    optional: true,
    flag: '--since',
    doc: 'Only those that have died at this time or later, such as `2026-01-31T12:00:00Z`.',
  },
  until: {
    type: 'string',
    optional: true,
    flag: '--until',
    doc: 'Only those that have died before this time.',
  },
  origin: {
    type: 'string',
    optional: true,
    flag: '--origin',
    doc: 'Only those whose record was there: `orders:3@1041`, `3@1041`, or all of `orders:3` or `orders`.',
  },
  skipGone: {
    type: 'boolean',
    default: false,
    flag: '--skip-gone',
    doc: 'Go on without the letters that only refer to their record where that is gone from the source.',
  },
} as const satisfies OptionTable

/** The layout that a program is taken to. */
export const relayoutOptions = {
  to: {
    type: 'string',
    choices: ['single', 'keyed', 'routed'],
    flag: '--to',
    doc: 'The layout that the program is to have.',
  },
  tasks: {
    type: 'int',
    optional: true,
    min: 1,
    max: partitionsMax,
    flag: '--tasks',
    doc: 'In the layout `routed`, how many partitions the topics have that parts are routed through. Without it as many as the source with the most has.',
  },
  bootstrapServers: appOptions.bootstrapServers,
  brokerWaitMs: appOptions.brokerWaitMs,
  pendingBytesMax: runOptions.pendingBytesMax,
} as const satisfies OptionTable
