import { assert } from '../../core/assert.ts'
import type { Topic, TopicPartition } from '../../kafka/index.ts'
import { RedrivenLetters } from '../redrive/redriven-letters.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import { type SourcePartition, SourcePartitions } from './source-partitions.ts'

/** The sources as a session reads them: nothing else says which partitions there are, and under which numbers. */
export class Sources {
  readonly partitions: SourcePartitions
  /** What is known of the letters that have been read. */
  readonly redriven: RedrivenLetters
  /** Of the topics; it grows. */
  readonly ids: string[]
  #topics: readonly Topic[]
  /** Of what was fetched, by source. */
  readonly #fetched: { bytes: number; offsets: number }[]

  /**
   * @param topics - In the order of the program's sources, and after them that of redriven letters where there is one.
   * @param known - The numbers that partitions have in the checkpoint.
   * @param laneCounts - Lanes of a partition, by source; one where nothing is said.
   * @param redriveTopic - Name of the topic of redriven letters; absent where there never are any.
   * @param former - Topics that are no sources any more, and have numbers in the checkpoint.
   */
  constructor(
    topics: readonly Topic[],
    known: readonly SourcePartition[] = [],
    laneCounts?: readonly number[],
    redriveTopic?: string,
    former: readonly string[] = [],
  ) {
    this.#topics = topics
    this.ids = topics.map(({ id }) => id)
    const names = topics.map(({ name }) => name).filter((name) => name !== redriveTopic)
    const formerTopics = { topics: former, arePassedOver: true }
    this.partitions = new SourcePartitions(names, known, laneCounts, redriveTopic, formerTopics)
    this.redriven = new RedrivenLetters(this.partitions)
    this.#fetched = [...names, redriveTopic].map(() => ({ bytes: 0, offsets: 0 }))
    this.partitions.grow(partitionCounts(topics))
  }

  get topics(): readonly Topic[] {
    return this.#topics
  }

  /** Sources were given partitions. */
  grow(topics: readonly Topic[]): void {
    const isGrown = topics.every((topic, source) => topic.partitions.length >= countOf(this.#topics[source]))
    assert(isGrown, 'a topic never loses partitions')
    this.#topics = topics
    this.ids.push(...topics.slice(this.ids.length).map(({ id }) => id))
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

/**
 * The sources of a program, with redriven letters.
 *
 * @param known - The numbers that partitions have in the checkpoint.
 * @param former - Topics that are no sources any more, in the order of their numbers among `known`.
 */
export function sourcesOf(
  plan: Plan,
  topics: readonly Topic[],
  known: readonly SourcePartition[] = [],
  former: readonly string[] = [],
): Sources {
  const laneCounts = plan.sources.map(laneCountOf)
  return new Sources(topics, known, laneCounts, plan.redriveTopic, former)
}

/** How many tasks share the work: as many as the source with the most partitions has, where the layout shares it out. */
export function taskCountIn({ layout, sources }: Pick<Plan, 'layout' | 'sources'>, topics: readonly Topic[]): number {
  return layout === 'single' ? 1 : Math.max(...partitionCounts(topics.slice(0, sources.length)))
}

/** The source whose records a partition has. */
export function sourceOf(plan: Pick<Plan, 'sources'>, { partitions }: Sources, number: number): PlannedSource {
  return plan.sources[partitions.sourceOf(number)]!
}

/** Whether any topic has more partitions than before. */
export function areGrown(topics: readonly Topic[], before: readonly Topic[]): boolean {
  return topics.some(({ partitions }, source) => partitions.length > countOf(before[source]))
}

/** That of redriven letters may not have been there. */
function countOf(topic: Topic | undefined): number {
  return topic?.partitions.length ?? 0
}

function partitionCounts(topics: readonly Topic[]): number[] {
  return topics.map(({ partitions }) => partitions.length)
}
