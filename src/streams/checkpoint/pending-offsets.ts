import { assert } from '../../core/assert.ts'
import { OffsetSet } from '../../kernel/index.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import { addDigests, areEqualDigests, type Digest, emptyDigest } from './digest.ts'

/**
 * Which offsets of each source partition are pending, and the digest of those of each task: the state of a program, by
 * reference. It follows the table epoch by epoch, from the table's own log.
 */
export class PendingOffsets implements EpochParticipant {
  readonly sets: OffsetSet[] = []
  readonly #tasks: Pick<Tasks, 'count' | 'taskOf'>
  /** By task. */
  #digests: Digest[]
  #committedDigests: readonly Digest[]

  constructor(partitionCount: number, tasks: Pick<Tasks, 'count' | 'taskOf'> = oneTask) {
    this.#tasks = tasks
    this.#digests = Array.from({ length: tasks.count }, () => emptyDigest)
    this.#committedDigests = [...this.#digests]
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

  /** Of the pending parts of each task. */
  get digests(): readonly Digest[] {
    return this.#digests
  }

  /** Adds what changes of a partition let its digest grow by to that of its task. */
  addGrowth(digests: Digest[], partition: number, growth: Digest): void {
    const task = this.#tasks.taskOf(partition)
    digests[task] = addDigests(digests[task]!, growth)
  }

  /** The sets hold what the last committed epoch left, and these are its digests, by task. */
  startAt(digests: readonly Digest[]): void {
    this.#digests = [...digests]
    this.commit()
  }

  /** Goes on with these digests: the offsets that were lost do not say what their parts were. */
  redigest(digests: readonly Digest[]): void {
    this.#digests = [...digests]
    this.#committedDigests = [...digests]
  }

  close({ table, manifest }: ClosingEpoch): void {
    const { taskOf, count } = this.#tasks
    table.epochChanges((partition, chunk, bits, added, growth) => {
      this.sets[partition]!.turnOver(chunk, bits, added)
      this.addGrowth(this.#digests, partition, growth)
    })
    const counts = Array.from({ length: count }, () => 0)
    this.sets.forEach((set, partition) => (counts[taskOf(partition)]! += set.count))
    const isSound = counts.every((pending, task) => pending > 0 || areEqualDigests(this.#digests[task]!, emptyDigest))
    assert(isSound, 'the digest of no pending parts is empty')
    manifest.pendingOfTasks = counts.map((pending, task) => ({ pending, digest: this.#digests[task]! }))
  }

  commit(): void {
    for (const set of this.sets) set.settle()
    this.#committedDigests = [...this.#digests]
  }

  rollback(): void {
    for (const set of this.sets) set.rollback()
    this.#digests = [...this.#committedDigests]
  }

  #addPartitions(partitionCount: number): void {
    while (this.sets.length < partitionCount) this.sets.push(new OffsetSet())
  }
}
