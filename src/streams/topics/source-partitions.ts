import { assert } from '../../core/assert.ts'
import type { PartOrigin } from '../../kernel/index.ts'

/** A partition of one of the sources, or a lane of it, or a partition of the topic of redriven letters. */
export interface SourcePartition {
  /**
   * Number of the source, in declared order; the one after the last for the topic of redriven letters, and those after
   * that for former sources.
   */
  readonly source: number
  readonly partition: number
  /** Where a flatMap makes several records of each: which of these it is of. @defaultValue 0 */
  readonly index?: number
}

/** Topics that a program has read, and does not any more. */
export interface FormerTopics {
  readonly topics: readonly string[]
  /** Whether `isFirst` passes over their partitions, because nothing of them is read. */
  readonly arePassedOver: boolean
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
 *
 * The partitions of the topic of redriven letters are among them. Each has the letters of one partition of a source: the
 * first one of that with the lowest number, and so on, an order that further partitions and sources do not change. So it
 * is the same in all layouts, and each has letters of one task. It has as many lanes as that partition.
 *
 * The partitions of a source that a program has given up keep their numbers, so that nobody else gets them.
 */
export class SourcePartitions {
  /** By source, and after them that of redriven letters, and those that are no sources any more. */
  readonly #topics: readonly string[]
  readonly #sourceCount: number
  /** The number of the first source whose partitions are passed over. */
  readonly #firstPassedOver: number
  /** By source. */
  readonly #laneCounts: readonly number[]
  readonly #list: SourcePartition[] = []
  /** By source and partition, the numbers of its lanes. */
  readonly #lanes: readonly number[][][]
  /** The partitions of sources in the order of their numbers, which is that of the partitions with letters of them. */
  readonly #ofSources: SourcePartition[] = []

  /**
   * @param topics - By source.
   * @param known - As a manifest has them.
   * @param laneCounts - By source; one each where nothing is said.
   * @param redriveTopic - Of redriven letters; absent where there never are any.
   * @param former - Only where there is a topic of redriven letters.
   */
  constructor(
    topics: readonly string[],
    known: readonly SourcePartition[] = [],
    laneCounts: readonly number[] = [],
    redriveTopic?: string,
    former: FormerTopics = { topics: [], arePassedOver: true },
  ) {
    this.#topics = redriveTopic === undefined ? topics : [...topics, redriveTopic, ...former.topics]
    this.#sourceCount = topics.length
    this.#firstPassedOver = former.arePassedOver ? topics.length + 1 : Infinity
    this.#laneCounts = laneCounts
    this.#lanes = this.#topics.map(() => [])
    for (const each of known) this.#add(each)
  }

  /** By number; it grows. */
  get list(): readonly SourcePartition[] {
    return this.#list
  }

  get count(): number {
    return this.#list.length
  }

  /** Gives numbers to partitions that have none. @param counts - Partitions of each source, and of redriven letters. */
  grow(counts: readonly number[]): void {
    counts.forEach((count, source) => {
      for (let partition = 0; partition < count; partition++) {
        const laneCount = this.#laneCountOf(source, partition)
        if (this.#lanes[source]![partition]?.length === laneCount) continue
        for (let index = 0; index < laneCount; index++)
          this.#add(laneCount === 1 ? { source, partition } : { source, partition, index })
      }
    })
  }

  /** Undefined where there never are any redriven letters. */
  get redriveTopic(): string | undefined {
    return this.#topics[this.#sourceCount]
  }

  /** Whether a partition has redriven letters. */
  isRedriven(number: number): boolean {
    return this.#list[number]!.source === this.#sourceCount
  }

  /** The source whose records a partition has: of redriven letters the one that they came from. */
  sourceOf(number: number): number {
    const { source, partition } = this.#list[number]!
    return source === this.#sourceCount ? this.#ofSources[partition]!.source : source
  }

  /** The topic that the records of a partition came from first. */
  sourceTopicOf({ topic, partition }: PartitionPlace): string {
    return topic === this.redriveTopic ? this.#topics[this.#ofSources[partition]!.source]! : topic
  }

  /** How many partitions the topic of redriven letters has. */
  get redrivenCount(): number {
    return this.#ofSources.length
  }

  /** The partition of the topic of redriven letters that has those of a partition of a source. */
  redrivenPartitionOf({ topic, partition }: PartitionPlace): number {
    const source = this.#topics.indexOf(topic)
    return this.#ofSources.findIndex((each) => each.source === source && each.partition === partition)
  }

  /** The task that a partition is of, where tasks share them out: in each source the one of its number. */
  taskOf(number: number): number {
    const { source, partition } = this.#list[number]!
    return source === this.#sourceCount ? this.#ofSources[partition]!.partition : partition
  }

  /** The numbers of all lanes of the partition that a number is of, in their order. */
  lanesOf(number: number): readonly number[] {
    const { source, partition } = this.#list[number]!
    return this.#lanes[source]![partition]!
  }

  /** The number of the first lane of each partition that is read, under which it is read. */
  get firsts(): number[] {
    return [...this.#list.keys()].filter((number) => this.isFirst(number))
  }

  /** Whether a number is that of a partition, and not of a further lane of it, or of a former source. */
  isFirst(number: number): boolean {
    const { source, partition } = this.#list[number]!
    return this.#lanes[source]![partition]![0] === number && source < this.#firstPassedOver
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
    if (this.isRedriven(number)) return `partition ${partition} of topic "${topic}"`
    return this.#sourceCount === 1 ? `source partition ${partition}` : `partition ${partition} of source "${topic}"`
  }

  numberOf({ topic, partition, index = 0 }: PartitionPlace): number | undefined {
    return this.#lanes[this.#topics.indexOf(topic)]?.[partition]?.[index]
  }

  /** Values by number, of values by source and partition. @param ofFormer - That of sources that are read no more. */
  byNumber<Value>(bySource: readonly (readonly Value[])[], ofFormer: Value): Value[] {
    return this.#list.map(({ source, partition }) => {
      return source > this.#sourceCount ? ofFormer : bySource[source]![partition]!
    })
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

  #laneCountOf(source: number, partition: number): number {
    const from = source === this.#sourceCount ? this.#ofSources[partition]!.source : source
    return this.#laneCounts[from] ?? 1
  }

  #add(each: SourcePartition): void {
    const { source, partition, index = 0 } = each
    const lanes = (this.#lanes[source]![partition] ??= [])
    const isNext = partition === this.#lanes[source]!.length - 1 && index === lanes.length
    assert(isNext, 'the partitions of a source are numbered in their order, and so are their lanes')
    lanes.push(this.#list.length)
    if (index === 0 && source < this.#sourceCount) this.#ofSources.push({ source, partition })
    this.#list.push(each)
  }
}

function least(lanes: readonly number[], byNumber: ArrayLike<number>): number {
  return lanes.reduce((least, number) => Math.min(least, byNumber[number] ?? 0), Infinity)
}
