import { assert } from '../../core/assert.ts'
import type { Topic, TopicPartition } from '../../kafka/index.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import { type SourcePartition, SourcePartitions } from './source-partitions.ts'

/** The sources as a session reads them: nothing else says which partitions there are, and under which numbers. */
export class Sources {
  readonly partitions: SourcePartitions
  #topics: readonly Topic[]
  /** Of what was fetched, by source. */
  readonly #fetched: { bytes: number; offsets: number }[]

  /**
   * @param topics - In the order of the program's sources.
   * @param known - The numbers that partitions have in the checkpoint.
   * @param laneCounts - Lanes of a partition, by source; one where nothing is said.
   */
  constructor(topics: readonly Topic[], known: readonly SourcePartition[] = [], laneCounts?: readonly number[]) {
    this.#topics = topics
    this.#fetched = topics.map(() => ({ bytes: 0, offsets: 0 }))
    this.partitions = new SourcePartitions(
      topics.map(({ name }) => name),
      known,
      laneCounts,
    )
    this.partitions.grow(partitionCounts(topics))
  }

  get topics(): readonly Topic[] {
    return this.#topics
  }

  /** Sources were given partitions. */
  grow(topics: readonly Topic[]): void {
    const isGrown = topics.every((topic, source) => topic.partitions.length >= this.#topics[source]!.partitions.length)
    assert(isGrown, 'a topic never loses partitions')
    this.#topics = topics
    this.partitions.grow(partitionCounts(topics))
  }

  /** What is read, in the order of their numbers. */
  get topicPartitions(): TopicPartition[] {
    const { list, firsts } = this.partitions
    return firsts.map((number) => ({ topic: this.#topics[list[number]!.source]!, partition: list[number]!.partition }))
  }

  /** Takes note of what was fetched of a partition. */
  noteFetched(number: number, bytes: number, offsets: number): void {
    const fetched = this.#fetched[this.partitions.list[number]!.source]!
    fetched.bytes += bytes
    fetched.offsets += offsets
  }

  /** Bytes that an offset of a source takes, of those that were fetched; 0 while there are none. */
  meanBytes(source: number): number {
    const { bytes, offsets } = this.#fetched[source]!
    return offsets === 0 ? 0 : bytes / offsets
  }
}

/** The source that a partition is of. */
export function sourceOf(plan: Pick<Plan, 'sources'>, { partitions }: Sources, number: number): PlannedSource {
  return plan.sources[partitions.list[number]!.source]!
}

/** Whether any topic has more partitions than before. */
export function areGrown(topics: readonly Topic[], before: readonly Topic[]): boolean {
  return topics.some(({ partitions }, source) => partitions.length > before[source]!.partitions.length)
}

function partitionCounts(topics: readonly Topic[]): number[] {
  return topics.map(({ partitions }) => partitions.length)
}
