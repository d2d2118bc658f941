import type { TableCounts } from '../kernel/index.ts'

/** What became of the consumed offsets of each source partition. Counted where it happens. */
class EpochCounts implements TableCounts {
  readonly emitted: Float64Array
  readonly duplicate: Float64Array
  readonly deadLettered: Float64Array
  readonly filtered: Float64Array
  readonly skipped: Float64Array
  /** Offset to consume next, by partition, when the epoch was closed. */
  readonly nextOffsets: Float64Array

  constructor(nextOffsets: Float64Array) {
    const partitionCount = nextOffsets.length
    this.emitted = new Float64Array(partitionCount)
    this.duplicate = new Float64Array(partitionCount)
    this.deadLettered = new Float64Array(partitionCount)
    this.filtered = new Float64Array(partitionCount)
    this.skipped = new Float64Array(partitionCount)
    this.nextOffsets = nextOffsets.slice()
  }
}

export type { EpochCounts }

const classes = ['emitted', 'duplicate', 'deadLettered', 'filtered', 'skipped'] as const

/** One partition's account. The law: `consumed` is the sum of all that follow it. */
export interface PartitionAccount {
  readonly partition: number
  /** Offsets consumed since the start. */
  readonly consumed: number
  /** Parts that left in a merged record. */
  readonly emitted: number
  /** Parts that wait for others. */
  readonly pending: number
  /** Second parts of a side; they are dead letters too, but counted here. */
  readonly duplicate: number
  readonly deadLettered: number
  /** Records that a stage's function left out. */
  readonly filtered: number
  /** Offsets that are no records: control batches, aborted transactions, gaps. */
  readonly skipped: number
}

/**
 * Keeps the account of consumed offsets, epoch by epoch: totals up to the last committed epoch, and the open epochs
 * behind it, which a rollback forgets.
 */
export class Accounting {
  readonly #startOffsets: Float64Array
  readonly #totals: EpochCounts
  readonly #open: EpochCounts[]

  /** @param startOffsets - The offset consumed first, by partition. */
  constructor(startOffsets: Float64Array) {
    this.#startOffsets = startOffsets.slice()
    this.#totals = new EpochCounts(startOffsets)
    this.#open = [new EpochCounts(startOffsets)]
  }

  /** Counters of the epoch at hand. */
  get current(): EpochCounts {
    return this.#open[this.#open.length - 1]!
  }

  /** Offset to consume next, by partition, as of the last committed epoch. */
  get committedOffsets(): Float64Array {
    return this.#totals.nextOffsets
  }

  beginEpoch(): void {
    this.#open.push(new EpochCounts(this.current.nextOffsets))
  }

  /** The oldest open epoch is durable. */
  commitEpoch(): void {
    const epoch = this.#open.shift()!
    for (const name of classes) {
      const total = this.#totals[name]
      epoch[name].forEach((count, partition) => (total[partition]! += count))
    }
    this.#totals.nextOffsets.set(epoch.nextOffsets)
  }

  /** Forgets all open epochs. */
  rollback(): void {
    this.#open.splice(0, this.#open.length, new EpochCounts(this.#totals.nextOffsets))
  }

  /** The account as of now, open epochs included. */
  report(pending: Float64Array): PartitionAccount[] {
    const sum = (name: (typeof classes)[number], partition: number) =>
      [this.#totals, ...this.#open].reduce((total, counts) => total + counts[name][partition]!, 0)
    return Array.from(pending, (waiting, partition) => ({
      partition,
      consumed: this.current.nextOffsets[partition]! - this.#startOffsets[partition]!,
      emitted: sum('emitted', partition),
      pending: waiting,
      duplicate: sum('duplicate', partition),
      deadLettered: sum('deadLettered', partition),
      filtered: sum('filtered', partition),
      skipped: sum('skipped', partition),
    }))
  }
}

/** Whether every offset of a partition has exactly one class. */
export function isBalanced(account: PartitionAccount): boolean {
  const { consumed, emitted, pending, duplicate, deadLettered, filtered, skipped } = account
  return consumed === emitted + pending + duplicate + deadLettered + filtered + skipped
}
