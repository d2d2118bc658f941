import { assert } from '../../core/assert.ts'
import type { PartOrigin } from '../../kernel/index.ts'

/** A partition of one of the sources. */
export interface SourcePartition {
  /** Number of the source, in declared order. */
  readonly source: number
  readonly partition: number
}

/** A partition of a source, for people. */
export interface PartitionPlace {
  readonly topic: string
  readonly partition: number
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
 */
export class SourcePartitions {
  readonly #topics: readonly string[]
  readonly #list: SourcePartition[] = []
  /** By source, the number of each partition. */
  readonly #numbers: readonly number[][]

  /**
   * @param topics - By source.
   * @param known - As a manifest has them.
   */
  constructor(topics: readonly string[], known: readonly SourcePartition[] = []) {
    this.#topics = topics
    this.#numbers = topics.map(() => [])
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
      for (let partition = this.#numbers[source]!.length; partition < count; partition++)
        this.#add({ source, partition })
    })
  }

  placeOf(number: number): PartitionPlace {
    const { source, partition } = this.#list[number]!
    return { topic: this.#topics[source]!, partition }
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

  numberOf({ topic, partition }: PartitionPlace): number | undefined {
    return this.#numbers[this.#topics.indexOf(topic)]?.[partition]
  }

  /** Values by number, of values by source and partition. */
  byNumber<Value>(bySource: readonly (readonly Value[])[]): Value[] {
    return this.#list.map(({ source, partition }) => bySource[source]![partition]!)
  }

  /** Values by source and partition, of values by number. */
  bySource<Value>(byNumber: ArrayLike<Value>): Value[][] {
    return this.#numbers.map((numbers) => numbers.map((number) => byNumber[number]!))
  }

  #add(each: SourcePartition): void {
    const numbers = this.#numbers[each.source]!
    assert(each.partition === numbers.length, 'the partitions of a source are numbered in their order')
    numbers.push(this.#list.length)
    this.#list.push(each)
  }
}
