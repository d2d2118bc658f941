import { assert } from '../../core/assert.ts'
import { OffsetSet } from '../../kernel/index.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import { addDigests, areEqualDigests, type Digest, emptyDigest } from './digest.ts'

/**
 * Which offsets of each source partition are pending, and their digest: the state of a program, by reference. It
 * follows the table epoch by epoch, from the table's own log.
 */
export class PendingOffsets implements EpochParticipant {
  readonly sets: OffsetSet[] = []
  #digest = emptyDigest
  #committedDigest = emptyDigest

  constructor(partitionCount: number) {
    this.#addPartitions(partitionCount)
  }

  /** Adds partitions of which nothing is pending. */
  grow({ length }: readonly number[]): void {
    this.#addPartitions(length)
  }

  get count(): number {
    return this.sets.reduce((sum, { count }) => sum + count, 0)
  }

  /** As of the last committed epoch, by partition. */
  get committedCounts(): number[] {
    return this.sets.map(({ settledCount }) => settledCount)
  }

  get digest(): Digest {
    return this.#digest
  }

  /** The sets hold what the last committed epoch left, and this is its digest. */
  startAt(digest: Digest): void {
    this.#digest = digest
    this.commit()
  }

  /** Goes on with this digest: the offsets that were lost do not say what their parts were. */
  redigest(digest: Digest): void {
    this.#digest = digest
    this.#committedDigest = digest
  }

  close({ table, manifest }: ClosingEpoch): void {
    const growth = table.epochChanges((partition, chunk, bits, added) => {
      this.sets[partition]!.turnOver(chunk, bits, added)
    })
    this.#digest = addDigests(this.#digest, growth)
    assert(this.count > 0 || areEqualDigests(this.#digest, emptyDigest), 'the digest of no pending parts is empty')
    manifest.pending = this.count
    manifest.digest = this.#digest
  }

  commit(): void {
    for (const set of this.sets) set.settle()
    this.#committedDigest = this.#digest
  }

  rollback(): void {
    for (const set of this.sets) set.rollback()
    this.#digest = this.#committedDigest
  }

  #addPartitions(partitionCount: number): void {
    while (this.sets.length < partitionCount) this.sets.push(new OffsetSet())
  }
}
