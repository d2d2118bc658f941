import type { OptionTable } from '../../core/options.ts'

/** The options of every command that makes or verifies the experiment's records. */
export const experimentOptions = {
  customers: {
    type: 'int',
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    env: 'MILLRACE_EXPERIMENT_CUSTOMERS',
    flag: '--customers',
    doc: 'Customers of the experiment; each has one record for stage A, one for B and one for C.',
  },
  seed: {
    type: 'int',
    default: 1,
    min: 0,
    max: 4_294_967_295,
    env: 'MILLRACE_EXPERIMENT_SEED',
    flag: '--seed',
    doc: 'Number from which all records and their order follow.',
  },
} as const satisfies OptionTable
