import type { OptionTable } from '../core/options.ts'
import { rowBytesMax } from '../kernel/index.ts'

/** Options of a store. */
export const storeOptions = {
  changesMax: {
    type: 'int',
    default: 0,
    min: 0,
    max: 100_000_000,
    doc: 'Changes of rows that the store keeps for `changes`, those of the latest commits; 0 where nobody reads them.',
  },
  operationsMax: {
    type: 'int',
    default: 1_000_000,
    min: 1,
    max: 10_000_000,
    doc: 'Rows that one transaction may read and write; beyond it fails with `TRANSACTION_TOO_LARGE`.',
  },
  shared: {
    type: 'boolean',
    default: false,
    doc: 'Whether other threads may open the store by what `share` gives; its tables are in shared memory then.',
  },
} as const satisfies OptionTable

/** Options of a table, besides its codecs. */
export const tableOptions = {
  ordered: {
    type: 'boolean',
    default: false,
    doc: 'Whether rows are kept in the order of their keys, so that ranges can be scanned.',
  },
  bytesMax: {
    type: 'int',
    default: 2 ** 30,
    min: 1024,
    max: rowBytesMax,
    doc: 'Bytes that live versions of rows may take; beyond it a change fails with `STATE_BYTES_EXCEEDED`.',
  },
} as const satisfies OptionTable

/** Options of a transaction, besides its signal. */
export const transactionOptions = {
  isolation: {
    type: 'string',
    choices: ['readCommitted', 'snapshot', 'serializable'],
    default: 'serializable',
    doc: 'What the transaction may see of others that run at the same time.',
  },
  mode: {
    type: 'string',
    choices: ['optimistic', 'pessimistic'],
    default: 'optimistic',
    doc: 'Whether a conflict is found at the commit, or prevented by locks on keys.',
  },
  retriesMax: {
    type: 'int',
    default: 16,
    min: 0,
    max: 10_000,
    doc: 'How often the function is run again after a conflict, before `TRANSACTION_CONFLICT`.',
  },
  lockWaitMs: {
    type: 'int',
    default: 5_000,
    min: 0,
    max: 3_600_000,
    doc: 'Time to wait for the lock of a key, in milliseconds, before `TRANSACTION_LOCK_TIMEOUT`.',
  },
} as const satisfies OptionTable

/** Options of a transaction that waits for nothing. */
export const synchronousTransactionOptions = {
  isolation: transactionOptions.isolation,
  retriesMax: transactionOptions.retriesMax,
} as const satisfies OptionTable

/** Options of a transaction in a thread other than that of its store, besides its signal. */
export const sharedTransactionOptions = {
  isolation: { ...transactionOptions.isolation, choices: ['snapshot', 'serializable'] },
  retriesMax: transactionOptions.retriesMax,
} as const satisfies OptionTable
