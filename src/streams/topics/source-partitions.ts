import { assert } from '../../core/assert.ts'
import type { PartOrigin } from '../../kernel/index.ts'

/** A partition of one of the sources, or a lane of it. */
export interface SourcePartition {
  /** Number of the source, in declared order. */
  readonly source: number
  readonly partition: number
  /** Where a flatMap makes several records of each: which of these it is of. @defaultValue 0 */
  readonly index?: number
}

/** A partition of a source, for people. */
export interface PartitionPlace {
  readonly topic: string
  readonly partition: number
  /** Where a flatMap makes several records of each: which of these. Absent where each record is one. */
  readonly index?: number
}

/** Where a record of a source is, or was. */
export interface Origin extends PartitionPlace {
  readonly offset: number
}

/**
 * The partitions of all sources of a program, each under a number of its own: by that number table, account, checkpoint
 * and batches name it. With one source it is the number of the partition. Of several sources those come first that the
 * program found when it first started, source by source; partitions that came later follow in the order in which it
 * found them. So a number never changes its meaning.
 *
 * A source with a flatMap has as many *lanes* in each partition as that makes of a record at most, each with a number of
 * its own, one after the other: in the lane of index i, an offset means the record that the flatMap made i-th of the one
 * at that offset. So what is known of an offset is known of each of them.
 */
export class SourcePartitions {
  readonly #topics: readonly string[]
  /** By source. */
  readonly #laneCounts: readonly number[]
  readonly #list: SourcePartition[] = []
  /** By source and partition, the numbers of its lanes. */
  readonly #lanes: readonly number[][][]

  /**
   * @param topics - By source.
   * @param known - As a manifest has them.
   * @param laneCounts - By source; one each where nothing is said.
   */
  constructor(
    topics: readonly string[],
    known: readonly SourcePartition[] = [],
    laneCounts: readonly number[] = topics.map(() => 1),
  ) {
    this.#topics = topics
    this.#laneCounts = laneCounts
    this.#lanes = topics.map(() => [])
    for (const each of known) this.#add(each)
  }

  /** By number; it grows. */
  get list(): readonly SourcePartition[] {
    return this.#list
  }

  get count(): number {
    return this.#list.length
  }

  /** Gives numbers to partitions that have none. @param counts - Partitions of each source. */
  grow(counts: readonly number[]): void {
    counts.forEach((count, source) => {
      const laneCount = this.#laneCounts[source]!
      for (let partition = this.#lanes[source]!.length; partition < count; partition++) {
        for (let index = 0; index < laneCount; index++)
          this.#add(laneCount === 1 ? { source, partition } : { source, partition, index })
      }
    })
  }

  /** The numbers of all lanes of the partition that a number is of, in their order. */
  lanesOf(number: number): readonly number[] {
    const { source, partition } = this.#list[number]!
    return this.#lanes[source]![partition]!
  }

  /** The number of the first lane of each partition, under which the partition is read. */
  get firsts(): number[] {
    return [...this.#list.keys()].filter((number) => this.isFirst(number))
  }

  /** Whether a number is that of a partition, and not of a further lane of it. */
  isFirst(number: number): boolean {
    return (this.#list[number]!.index ?? 0) === 0
  }

  /** The partition in its topic. */
  partitionOf(number: number): number {
    return this.#list[number]!.partition
  }

  placeOf(number: number): PartitionPlace {
    const { source, partition, index } = this.#list[number]!
    return { topic: this.#topics[source]!, partition, ...(index !== undefined && { index }) }
  }

  /** Where the record of a part is; undefined for a partition that is not known. */
  originOf({ partition: number, offset }: PartOrigin): Origin | undefined {
    return number < this.#list.length ? { ...this.placeOf(number), offset } : undefined
  }

  /** A partition in a sentence. */
  text(number: number): string {
    const { topic, partition } = this.placeOf(number)
    return this.#topics.length === 1 ? `source partition ${partition}` : `partition ${partition} of source "${topic}"`
  }

  numberOf({ topic, partition, index = 0 }: PartitionPlace): number | undefined {
    return this.#lanes[this.#topics.indexOf(topic)]?.[partition]?.[index]
  }

  /** Values by number, of values by source and partition. */
  byNumber<Value>(bySource: readonly (readonly Value[])[]): Value[] {
    return this.#list.map(({ source, partition }) => bySource[source]![partition]!)
  }

  /** Offsets by source and partition, of offsets by number: those that all lanes of a partition have reached. */
  bySource(byNumber: ArrayLike<number>): number[][] {
    return this.#lanes.map((partitions) => partitions.map((lanes) => least(lanes, byNumber)))
  }

  /** The same, but those that any lane has reached. */
  furthestBySource(byNumber: ArrayLike<number>): number[][] {
    return this.#lanes.map((partitions) =>
      partitions.map((lanes) => Math.max(...lanes.map((number) => byNumber[number]!))),
    )
  }

  /** The same by partition, in the order of `firsts`. */
  byFirst(byNumber: ArrayLike<number>): number[] {
    return this.firsts.map((number) => this.leastOf(number, byNumber))
  }

  /** The least offset of the lanes of a partition; 0 where there is none. */
  leastOf(number: number, byNumber: ArrayLike<number>): number {
    return least(this.lanesOf(number), byNumber)
  }

  #add(each: SourcePartition): void {
    const { source, partition, index = 0 } = each
    const lanes = (this.#lanes[source]![partition] ??= [])
    const isNext = partition === this.#lanes[source]!.length - 1 && index === lanes.length
    assert(isNext, 'the partitions of a source are numbered in their order, and so are their lanes')
    lanes.push(this.#list.length)
    this.#list.push(each)
  }
}

function least(lanes: readonly number[], byNumber: ArrayLike<number>): number {
  return lanes.reduce((least, number) => Math.min(least, byNumber[number] ?? 0), Infinity)
}
