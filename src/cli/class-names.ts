import type { PartitionAccount } from '../streams/index.ts'

/** What became of an offset, in words and in the order of the table: every class that an account has. */
export const classNames = {
  emitted: 'emitted',
  aggregated: 'aggregated',
  pending: 'pending',
  duplicate: 'a duplicate',
  deadLettered: 'a dead letter',
  filtered: 'filtered',
  late: 'late',
  expired: 'expired',
  superseded: 'superseded',
  redriven: 'redriven',
  lost: 'lost',
  skipped: 'skipped',
} as const satisfies Record<Exclude<keyof PartitionAccount, 'topic' | 'partition' | 'consumed' | 'expanded'>, string>
