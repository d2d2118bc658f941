/** A merge key as it is compared. */
export interface ComparedKey {
  readonly bytes: Uint8Array
  readonly isNumber: boolean
}

/** One whose row has been merged, and the task that it was of. */
export interface CompletedKey extends ComparedKey {
  readonly task: number
}

/**
 * Receives those offsets of a chunk of 4,096 whose parts became pending in an epoch, or ceased to be, as bits that are
 * valid until it returns; `added` is the number of the former less that of the latter, and `growth` what the digest grows
 * by, two sums of 32 bits. What is told twice has not changed.
 */
export type ChangeVisitor = (
  partition: number,
  chunk: number,
  bits: Int32Array,
  added: number,
  growth: readonly [low: number, high: number],
) => void

/** Counters of the current epoch by source partition, which the table raises as it goes. */
export interface TableCounts {
  /** Parts that left in a merged record. */
  readonly emitted: Float64Array
  /** Second parts of a side that was there. */
  readonly duplicate: Float64Array
  /** Stored parts that left as dead letters. */
  readonly deadLettered: Float64Array
  /** Stored parts that left because the others did not come in time. */
  readonly expired: Float64Array
  /** Parts of merged records that were left out. */
  readonly filtered: Float64Array
  /** Stored parts that left because a later one of their side came. */
  readonly superseded: Float64Array
  /** Rows that left in a merged record, of all partitions. @defaultValue not counted */
  mergedRows?: number
}

/** Those by source partition. */
export type PartitionCounts = Omit<TableCounts, 'mergedRows'>

/** Those of an epoch of which nothing is counted yet. */
export function noCounts(partitionCount: number): PartitionCounts {
  const zeros = () => new Float64Array(partitionCount)
  return {
    emitted: zeros(),
    duplicate: zeros(),
    deadLettered: zeros(),
    expired: zeros(),
    filtered: zeros(),
    superseded: zeros(),
  }
}

/** What a pass over rows that lack optional sides is to do. */
export interface AwaitedPass {
  /** Passes that have met a row before it is merged: 15 at most. */
  readonly passes: number
  readonly blocksMax: number
  /** Counters of the current epoch; undefined where nothing may be merged. */
  readonly counts: TableCounts | undefined
  /** @defaultValue no limit */
  readonly roomBytes?: number
}
