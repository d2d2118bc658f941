import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import type { Accounting } from './accounting.ts'
import type { EpochParticipant } from './epoch-participant.ts'
import type { PartitionLoss } from './loss.ts'

/** What a loss is counted in. */
interface Losing {
  readonly accounting: Accounting
  readonly pending: PendingOffsets
  readonly promoted: PromotedParts
  readonly partitions: Pick<SourcePartitions, 'isFirst'>
}

/**
 * A loss of the source that its operator has accepted: the first epoch that commits counts it, and takes it out of what
 * is pending.
 *
 * State: the loss, until that epoch has committed; absent where there is none.
 * Why it is right: it is counted in the current epoch, again after each rollback, which has taken it back with
 * everything else.
 */
export class AcceptedLoss implements EpochParticipant {
  readonly #losing: Losing
  #loss: readonly PartitionLoss[] | undefined

  /** @param loss - By partition; undefined where nothing is lost. */
  constructor(losing: Losing, loss: readonly PartitionLoss[] | undefined) {
    this.#losing = losing
    this.#loss = loss
    this.#count()
  }

  /** Whether it has not committed yet. */
  get isDue(): boolean {
    return this.#loss !== undefined
  }

  close(): void {}

  commit(): void {
    this.#loss = undefined
  }

  rollback(): void {
    this.#count()
  }

  #count(): void {
    if (this.#loss === undefined) return
    const { accounting, pending, promoted, partitions } = this.#losing
    const { lost, skipped, nextOffsets } = accounting.current
    this.#loss.forEach(({ pendingOffsets, unread }, partition) => {
      for (const offset of pendingOffsets) pending.sets[partition]!.delete(offset)
      lost[partition]! += pendingOffsets.length
      // What a flatMap would have made of a record that nobody has read is not known.
      const counted = partitions.isFirst(partition) ? lost : skipped
      counted[partition]! += unread
      nextOffsets[partition]! += unread
    })
    // What is lost is not needed from the source any more.
    promoted.reachOn()
  }
}
