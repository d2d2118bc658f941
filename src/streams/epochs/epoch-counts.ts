import { deadLetterReasons, type TableCounts } from '../../kernel/index.ts'

/** What can become of a consumed offset other than pending. */
export const classes = [
  'emitted',
  'aggregated',
  'duplicate',
  'deadLettered',
  'filtered',
  'late',
  'expired',
  'superseded',
  'redriven',
  'lost',
  'skipped',
] as const
export type Class = (typeof classes)[number]

/** Counts of each class by source partition. */
export type Totals = Readonly<Record<Class, readonly number[]>>

/** Totals of partitions of which nothing is counted yet. */
export function noTotals(partitionCount: number): Totals {
  const none = Array.from({ length: partitionCount }, () => 0)
  return Object.fromEntries(classes.map((name) => [name, none])) as unknown as Totals
}

/** What became of the consumed offsets of each source partition. Counted where it happens. */
export class EpochCounts implements TableCounts, Record<Class, Float64Array> {
  readonly emitted: Float64Array
  readonly aggregated: Float64Array
  readonly duplicate: Float64Array
  readonly deadLettered: Float64Array
  readonly filtered: Float64Array
  readonly late: Float64Array
  readonly expired: Float64Array
  readonly superseded: Float64Array
  readonly redriven: Float64Array
  readonly lost: Float64Array
  readonly skipped: Float64Array
  /** Dead letters by the number of their reason, duplicates and expired rows among them. */
  readonly letters = new Float64Array(deadLetterReasons.length)
  /** Rows that left in a merged record, of all partitions. */
  mergedRows = 0
  /** Rows that left incomplete, of all partitions. */
  expiredRows = 0
  /** Offset to consume next, by partition, when the epoch was closed. */
  readonly nextOffsets: Float64Array

  constructor(nextOffsets: ArrayLike<number>) {
    const partitionCount = nextOffsets.length
    this.emitted = new Float64Array(partitionCount)
    this.aggregated = new Float64Array(partitionCount)
    this.duplicate = new Float64Array(partitionCount)
    this.deadLettered = new Float64Array(partitionCount)
    this.filtered = new Float64Array(partitionCount)
    this.late = new Float64Array(partitionCount)
    this.expired = new Float64Array(partitionCount)
    this.redriven = new Float64Array(partitionCount)
    this.superseded = new Float64Array(partitionCount)
    this.lost = new Float64Array(partitionCount)
    this.skipped = new Float64Array(partitionCount)
    this.nextOffsets = Float64Array.from(nextOffsets)
  }

  /** The same counts, with partitions of which nothing is counted. */
  grown(partitionCount: number): EpochCounts {
    const counts = new EpochCounts(new Float64Array(partitionCount))
    for (const name of [...classes, 'letters', 'nextOffsets'] as const) counts[name].set(this[name])
    counts.mergedRows = this.mergedRows
    counts.expiredRows = this.expiredRows
    return counts
  }
}
