import { assert } from '../../core/assert.ts'
import type { ClosingEpoch, EpochParticipant } from './epoch-participant.ts'
import type { OffsetSet } from '../../kernel/index.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { type Class, classes, EpochCounts, noTotals, type Totals } from './epoch-counts.ts'

/** An account. The law: `consumed` is the sum of all that follow it. */
export interface Account extends Readonly<Record<Class, number>> {
  /** Offsets consumed since the program first started, and parts that it has brought from another layout. */
  readonly consumed: number
  /** Pending parts. */
  readonly pending: number
}

/** The account of one partition of a source. */
export interface PartitionAccount extends Account {
  readonly topic: string
  readonly partition: number
  /**
   * Records that a flatMap has made beyond one for each offset, all of which have a class as well: the sum is that of
   * `consumed` and these. Absent where there is no flatMap.
   */
  readonly expanded?: number
}

/** What a committed epoch has done. */
export interface EpochFigures extends Readonly<Pick<EpochCounts, 'letters' | 'mergedRows' | 'expiredRows'>> {
  /** Source records that it consumed. */
  readonly records: number
}

/** What an account goes on from. */
export interface AccountSnapshot {
  readonly startOffsets: readonly number[]
  readonly nextOffsets: readonly number[]
  readonly totals: Totals
  /** Parts that were brought from another layout, which were consumed before the start; absent for none. */
  readonly brought?: readonly number[] | undefined
}

/**
 * Keeps the account of consumed offsets, epoch by epoch: totals up to the last committed epoch, and the open epochs
 * after it, which a rollback forgets.
 */
export class Accounting implements EpochParticipant {
  #startOffsets: readonly number[]
  #brought: readonly number[] | undefined
  #totals: EpochCounts
  #open: EpochCounts[]
  #mergedRows = 0
  #expiredRows = 0
  #lastEpoch: EpochFigures | undefined

  constructor({ startOffsets, nextOffsets, totals, brought }: AccountSnapshot) {
    this.#startOffsets = startOffsets
    this.#brought = brought
    this.#totals = new EpochCounts(nextOffsets)
    for (const name of classes) this.#totals[name].set(totals[name])
    this.#open = [new EpochCounts(nextOffsets)]
  }

  /** An account that begins at these offsets. */
  static from(startOffsets: readonly number[]): Accounting {
    return new Accounting({ startOffsets, nextOffsets: startOffsets, totals: noTotals(startOffsets.length) })
  }

  /** Adds partitions, whose offsets are counted from 0 on. */
  grow({ length: partitionCount }: readonly number[]): void {
    const grown = (values: readonly number[]) => Array.from({ length: partitionCount }, (_, at) => values[at] ?? 0)
    this.#startOffsets = grown(this.#startOffsets)
    this.#brought = this.#brought && grown(this.#brought)
    this.#totals = this.#totals.grown(partitionCount)
    this.#open = this.#open.map((epoch) => epoch.grown(partitionCount))
  }

  /** Where it begins, by partition. */
  get startOffsets(): readonly number[] {
    return this.#startOffsets
  }

  /** Counters of the current epoch. */
  get current(): EpochCounts {
    return this.#open[this.#open.length - 1]!
  }

  /** Offset to consume next, by partition, as of the last committed epoch. */
  get committedOffsets(): Float64Array {
    return this.#totals.nextOffsets
  }

  /**
   * Dead letters by the number of their reason, as of the last committed epoch: since this process took up the account,
   * because no checkpoint has them.
   */
  get letters(): Float64Array {
    return this.#totals.letters
  }

  /** Rows that epochs have merged which this process has committed. */
  get mergedRows(): number {
    return this.#mergedRows
  }

  /** Rows that have left incomplete with them. */
  get expiredRows(): number {
    return this.#expiredRows
  }

  /** Of the epoch that this process has committed last. */
  get lastEpoch(): EpochFigures {
    assert(this.#lastEpoch !== undefined, 'an epoch has been committed')
    return this.#lastEpoch
  }

  /** The account as of now, open epochs included. */
  snapshot(): AccountSnapshot {
    return this.#after(this.#open)
  }

  /** The account as of the last committed epoch. */
  committed(): AccountSnapshot {
    return this.#after([])
  }

  close({ manifest }: ClosingEpoch): void {
    Object.assign(manifest, this.snapshot())
    this.#open.push(new EpochCounts(this.current.nextOffsets))
  }

  commit(): void {
    assert(this.#open.length === 2, 'an epoch is committed after it was closed, and before the next one is')
    const epoch = this.#open.shift()!
    const records = sum(epoch.nextOffsets) - sum(this.#totals.nextOffsets) - sum(epoch.skipped)
    this.#lastEpoch = { records, letters: epoch.letters, mergedRows: epoch.mergedRows, expiredRows: epoch.expiredRows }
    for (const name of classes) {
      const total = this.#totals[name]
      epoch[name].forEach((count, partition) => (total[partition]! += count))
    }
    epoch.letters.forEach((count, reason) => (this.#totals.letters[reason]! += count))
    this.#totals.nextOffsets.set(epoch.nextOffsets)
    this.#mergedRows += epoch.mergedRows
    this.#expiredRows += epoch.expiredRows
  }

  /** Forgets all open epochs. */
  rollback(): void {
    this.#open.splice(0, this.#open.length, new EpochCounts(this.#totals.nextOffsets))
  }

  /** The account after some of the epochs that follow the last committed one. */
  #after(epochs: readonly EpochCounts[]): AccountSnapshot {
    const totals = Object.fromEntries(
      classes.map((name) => [
        name,
        Array.from(this.#totals[name], (total, partition) =>
          epochs.reduce((sum, epoch) => sum + epoch[name][partition]!, total),
        ),
      ]),
    ) as unknown as Totals
    const { nextOffsets } = epochs.at(-1) ?? this.#totals
    const brought = this.#brought
    return {
      startOffsets: this.#startOffsets,
      nextOffsets: Array.from(nextOffsets),
      totals,
      ...(brought && { brought }),
    }
  }
}

/**
 * Asserts the law of accounts for an epoch that has just been closed: each offset that it consumed has exactly one
 * class, or is pending now; and nothing is pending that was not consumed.
 *
 * @param from - Offsets that the epoch began at, by partition.
 * @param pending - Pending offsets by partition, which the epoch has changed and not settled.
 */
export function assertOneClassEach(epoch: EpochCounts, from: ArrayLike<number>, pending: readonly OffsetSet[]): void {
  pending.forEach((set, partition) => {
    const end = epoch.nextOffsets[partition]!
    const classified = classes.reduce((sum, name) => sum + epoch[name][partition]!, 0)
    const consumed = end - from[partition]!
    assert(
      consumed === classified + set.count - set.settledCount,
      `each offset of an epoch has one class: of ${consumed} in partition ${partition}, ${classified} have one`,
    )
    assert(set.firstFrom(end) === undefined, `no part is pending that was not consumed, in partition ${partition}`)
  })
}

/** The account of each partition, with the pending parts in it. */
export function accountsOf(
  { startOffsets, nextOffsets, totals, brought }: AccountSnapshot,
  pending: ArrayLike<number>,
): Account[] {
  return startOffsets.map((startOffset, partition) => ({
    consumed: nextOffsets[partition]! - startOffset + (brought?.[partition] ?? 0),
    pending: pending[partition]!,
    ...(Object.fromEntries(classes.map((name) => [name, totals[name][partition]!])) as Record<Class, number>),
  }))
}

/**
 * The same by partition, with all of its lanes.
 *
 * @param numbers - Of the first lane of each partition that is told of. @defaultValue all
 */
export function placed(
  accounts: readonly Account[],
  partitions: SourcePartitions,
  numbers: readonly number[] = partitions.firsts,
): PartitionAccount[] {
  return numbers
    .filter((number) => number < accounts.length)
    .map((number) => {
      const { topic, partition } = partitions.placeOf(number)
      const [first, ...others] = partitions.lanesOf(number).map((lane) => accounts[lane]!)
      return { topic, partition, ...first!, ...(others.length > 0 && withLanes(first!, others)) }
    })
}

/** An offset without a record in a further lane is nothing there. */
function withLanes(first: Account, others: readonly Account[]) {
  const sum = (count: (account: Account) => number) => others.reduce((total, account) => total + count(account), 0)
  const added = Object.fromEntries(
    [...classes, 'pending' as const].map((name) => [name, first[name] + sum((account) => account[name])]),
  ) as Record<Class | 'pending', number>
  return { ...added, skipped: first.skipped, expanded: sum(({ consumed, skipped }) => consumed - skipped) }
}

/** Whether every offset has exactly one class. */
export function isBalanced({ expanded = 0, ...account }: Account & Pick<PartitionAccount, 'expanded'>): boolean {
  return account.consumed + expanded === classes.reduce((sum, name) => sum + account[name], account.pending)
}

function sum(numbers: Float64Array): number {
  return numbers.reduce((total, number) => total + number, 0)
}
