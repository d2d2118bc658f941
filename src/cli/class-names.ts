import type { PartitionAccount } from '../streams/index.ts'

/** What became of an offset, in words and in the order of the table: every class that an account has. */
export const classNames = {
  emitted: 'emitted',
  pending: 'pending',
  duplicate: 'a duplicate',
  deadLettered: 'a dead letter',
  filtered: 'filtered',
  expired: 'expired',
  superseded: 'superseded',
  redriven: 'redriven',
  lost: 'lost',
  skipped: 'skipped',
} as const satisfies Record<Exclude<keyof PartitionAccount, 'topic' | 'partition' | 'consumed' | 'expanded'>, string>
