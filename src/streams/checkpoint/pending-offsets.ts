import { OffsetSet, type UndoLog } from '../../kernel/index.ts'
import { Digest } from './digest.ts'

/**
 * Which offsets of each source partition wait, and their digest: the state of a program, by reference. It follows the
 * table epoch by epoch, from the table's own log; like the log's, changes can be taken back until they are settled.
 */
export class PendingOffsets {
  readonly sets: readonly OffsetSet[]
  digest = new Digest()
  #settledDigest = new Digest()

  constructor(partitionCount: number) {
    this.sets = Array.from({ length: partitionCount }, () => new OffsetSet())
  }

  get count(): number {
    return this.sets.reduce((sum, { count }) => sum + count, 0)
  }

  /** What the sets hold now is settled, and this is its digest. */
  startAt(digest: readonly [number, number]): void {
    this.digest = Digest.of(digest)
    this.settle()
  }

  /** Goes on with this digest: what was known of what waits does not say what its parts were. */
  redigest(digest: Digest): void {
    this.digest = Digest.of(digest.words)
    this.#settledDigest = Digest.of(digest.words)
  }

  /** Follows an epoch that is complete. */
  apply(log: UndoLog): void {
    const { sets, digest } = this
    log.arrivals((parts) => {
      const { count, partition, offset } = parts
      for (let i = 0; i < count; i++) sets[partition[i]!]!.add(offset[i]!)
      digest.add(parts)
    })
    log.departures((parts) => {
      const { count, partition, offset } = parts
      for (let i = 0; i < count; i++) sets[partition[i]!]!.delete(offset[i]!)
      digest.delete(parts)
    })
  }

  settle(): void {
    for (const set of this.sets) set.settle()
    this.#settledDigest = Digest.of(this.digest.words)
  }

  rollback(): void {
    for (const set of this.sets) set.rollback()
    this.digest = Digest.of(this.#settledDigest.words)
  }
}
