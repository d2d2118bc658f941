import type { TopicRange } from '../../kafka/index.ts'

/** Offsets of a partition whose places are known together. */
const chunkOffsets = 256
/** Ranges that are kept before those of which nothing is left are looked for. */
const keptMin = 1_024
/** Records of the checkpoint topic between two ranges that are read as well, rather than to ask a broker twice. */
const gapRecords = 1_000

/** A promoted part, by the number of its partition. */
export type PartPlace = readonly [partition: number, offset: number]

/** Promoted parts that are to be read. */
export interface WantedParts {
  has(partition: number, offset: number): boolean
  places(): Iterable<PartPlace>
}

/** Those of some parts of which that is so. */
export function wantedAmong(parts: Iterable<PartPlace>, has: WantedParts['has']): WantedParts {
  return {
    has,
    *places() {
      for (const place of parts) if (has(...place)) yield place
    },
  }
}

/** Offsets of a partition of the checkpoint topic. */
interface Range {
  readonly of: number
  first: number
  end: number
}

/**
 * Where about promoted parts are in the checkpoint topic: for each few offsets of a source the range that has them. Parts
 * are promoted about in the order of their offsets, so such a range has little else.
 *
 * State: as far as the topic has been looked through; ranges only grow, and what has left them does no harm. Those of
 * which nothing is promoted any more are forgotten now and then.
 * Cost: a hundred bytes or so for 256 offsets of which any is promoted.
 */
export class PromotedPlaces {
  readonly #partitions = new Map<number, Map<number, Range>>()
  #keptMax = keptMin

  /** Offsets up to which the topic was looked through, by its partitions; 0 where nothing is said. */
  reached: readonly number[] = []

  /** The partitions of the topic that are looked through; all of them where nothing is said. */
  own: readonly number[] | undefined

  /** Takes note of a part. @param at - Where it is in the topic. @param of - In which partition of it. */
  note([partition, offset]: PartPlace, at: number, of: number): void {
    let ranges = this.#partitions.get(partition)
    if (ranges === undefined) this.#partitions.set(partition, (ranges = new Map()))
    const chunk = Math.floor(offset / chunkOffsets)
    const range = ranges.get(chunk)
    if (range === undefined) ranges.set(chunk, { of, first: at, end: at + 1 })
    else {
      range.first = Math.min(range.first, at)
      range.end = Math.max(range.end, at + 1)
    }
  }

  /** Takes over what is known of the parts of other partitions. What either forgets the other one keeps. */
  takeOver(other: PromotedPlaces): void {
    for (const [partition, ranges] of other.#partitions) this.#partitions.set(partition, new Map(ranges))
  }

  /** Forgets ranges in which nothing is promoted any more, now and then. @param parts - All that are promoted. */
  forget(parts: () => Iterable<PartPlace>): void {
    if (this.#rangeCount <= this.#keptMax) return
    const live = new Map<number, Set<number>>()
    for (const [partition, offset] of parts()) {
      const chunks = live.get(partition) ?? new Set()
      live.set(partition, chunks.add(Math.floor(offset / chunkOffsets)))
    }
    for (const [partition, ranges] of this.#partitions) {
      for (const chunk of ranges.keys()) if (live.get(partition)?.has(chunk) !== true) ranges.delete(chunk)
    }
    this.#keptMax = Math.max(keptMin, 2 * this.#rangeCount)
  }

  get #rangeCount(): number {
    let count = 0
    for (const ranges of this.#partitions.values()) count += ranges.size
    return count
  }

  /** What has to be read of the topic for some parts, in its order, each of one partition. */
  rangesOf(parts: Iterable<PartPlace>): TopicRange[] {
    const needed = new Set<Range>()
    for (const [partition, offset] of parts) {
      const range = this.#partitions.get(partition)?.get(Math.floor(offset / chunkOffsets))
      if (range !== undefined) needed.add(range)
    }
    const joined: Range[] = []
    for (const range of [...needed].sort((a, b) => a.of - b.of || a.first - b.first)) {
      const last = joined.at(-1)
      if (last?.of !== range.of || range.first - last.end > gapRecords) joined.push({ ...range })
      else last.end = Math.max(last.end, range.end)
    }
    const partitionCount = Math.max(this.reached.length, ...joined.map(({ of }) => of + 1))
    return joined.map(({ of, first, end }) => {
      const only = (offset: number) => Array.from({ length: partitionCount }, (_, each) => (each === of ? offset : 0))
      return { starts: only(first), ends: only(end) }
    })
  }
}
