import { OffsetSet, type PendingTable } from '../../kernel/index.ts'
import { addDigests, type Digest, emptyDigest } from './digest.ts'

/**
 * Which offsets of each source partition wait, and their digest: the state of a program, by reference. It follows the
 * table epoch by epoch, from the table's own log; like the log's, changes can be taken back until they are settled.
 */
export class PendingOffsets {
  readonly sets: OffsetSet[] = []
  #digest = emptyDigest
  #settledDigest = emptyDigest

  constructor(partitionCount: number) {
    this.grow(partitionCount)
  }

  /** Adds partitions of which nothing is pending. */
  grow(partitionCount: number): void {
    while (this.sets.length < partitionCount) this.sets.push(new OffsetSet())
  }

  get count(): number {
    return this.sets.reduce((sum, { count }) => sum + count, 0)
  }

  get digest(): Digest {
    return this.#digest
  }

  /** What the sets hold now is settled, and this is its digest. */
  startAt(digest: Digest): void {
    this.#digest = digest
    this.settle()
  }

  /** Goes on with this digest: what was known of what waits does not say what its parts were. */
  redigest(digest: Digest): void {
    this.#digest = digest
    this.#settledDigest = digest
  }

  /** Follows the epoch at hand of the table, which is complete. */
  apply(table: PendingTable): void {
    const growth = table.epochChanges((partition, chunk, bits, added) => {
      this.sets[partition]!.turnOver(chunk, bits, added)
    })
    this.#digest = addDigests(this.#digest, growth)
  }

  settle(): void {
    for (const set of this.sets) set.settle()
    this.#settledDigest = this.#digest
  }

  rollback(): void {
    for (const set of this.sets) set.rollback()
    this.#digest = this.#settledDigest
  }
}
