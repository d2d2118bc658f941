/** What becomes of an offset, in the order of the table: every class that an account has. A test compares both. */
export const classes = [
  'emitted',
  'aggregated',
  'pending',
  'duplicate',
  'deadLettered',
  'filtered',
  'late',
  'expired',
  'superseded',
  'redriven',
  'lost',
  'skipped',
]
