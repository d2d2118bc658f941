import type { RoutedTime } from '../checkpoint/manifest.ts'

/** How far a source partition is read. */
export interface SourceRead {
  /** Its number where parts are made. */
  readonly number: number
  /** The greatest timestamp; -Infinity before any record. */
  readonly ms: number
  /** Whether it had more to be read. */
  readonly isBehind: boolean
  /** Offset to be read next. */
  readonly nextOffset: number
}

type Read = Omit<SourceRead, 'number'>

/** A time, and whether any source partition holds it. */
interface HeldTime {
  readonly ms: number
  readonly isHeld: boolean
}

/** What is known by one partition of routed parts: how far each source partition is read, and what time that tells. */
interface Known {
  readonly reads: ReadonlyMap<number, Read>
  readonly time: HeldTime
}

/** By number of the partition of routed parts; undefined of others. */
export type KnownTimes = readonly (Known | undefined)[]

/**
 * How far sources are read whose parts are routed, as each partition of these tells: so what it tells is true of the
 * parts before it. A source partition of which nothing was told yet holds the time back, as one that has more to be read.
 *
 * One that was read to its end may have been given records since, which somebody is to route who is slow or has died. So
 * what is told counts only when the brokers have said, after that, how far the sources reach: a partition that reaches
 * further than is told has more to be read.
 */
export class RoutedTimes {
  #known: KnownTimes
  #isTold = true

  /**
   * @param sourcesOf - By number of the partition, the source partitions whose parts it has; undefined where it has none
   * that tell.
   * @param times - As a manifest has them.
   */
  constructor(
    sourcesOf: readonly (readonly number[] | undefined)[],
    times: readonly (RoutedTime | null)[] | undefined,
  ) {
    this.#known = sourcesOf.map((sources, number) => {
      if (sources === undefined) return undefined
      const reads = new Map(sources.map((each): [number, Read] => [each, unknown]))
      for (const [source, ms, isBehind, nextOffset] of times?.[number]?.reads ?? [])
        reads.set(source, { ms: ms ?? -Infinity, isBehind: isBehind === 1, nextOffset })
      return { reads, time: { ms: -Infinity, isHeld: true } }
    })
  }

  /** As of now; it does not change. */
  get known(): KnownTimes {
    return this.#known
  }

  /** Goes back to what was known. */
  restore(known: KnownTimes): void {
    this.#known = known
    this.#isTold = true
  }

  /** Whether a partition has parts that tell. */
  has(partition: number): boolean {
    return this.#known[partition] !== undefined
  }

  tell(partition: number, sources: readonly SourceRead[]): void {
    const { reads, time } = this.#known[partition]!
    const now = new Map(reads)
    for (const { number, ms, isBehind, nextOffset } of sources) now.set(number, { ms, isBehind, nextOffset })
    this.#known = this.#known.with(partition, { reads: now, time })
    this.#isTold = true
  }

  /** What has been told and does not count yet, for somebody who asks brokers; undefined where that is nothing. */
  takeTold(): KnownTimes | undefined {
    if (!this.#isTold) return undefined
    this.#isTold = false
    return this.#known
  }

  /**
   * Has count what was told.
   *
   * @param told - As it was when brokers were asked. @param endOffsets - Where sources end, by number of the partition.
   */
  confirm(told: KnownTimes, endOffsets: readonly number[]): void {
    this.#known = this.#known.map((known, partition) => {
      return known && { ...known, time: timeOf(told[partition]!.reads, endOffsets) }
    })
  }

  /** The greatest timestamp of the source partition that is furthest behind; of all where none is. */
  timeOf(partition: number): number {
    return this.#known[partition]!.time.ms
  }

  /** Whether any source partition has more to be read. */
  isHeld(partition: number): boolean {
    return this.#known[partition]!.time.isHeld
  }

  /** As a manifest has them. */
  get written(): (RoutedTime | null)[] {
    return this.#known.map((known) => {
      if (known === undefined) return null
      return {
        reads: Array.from(known.reads, ([source, { ms, isBehind, nextOffset }]) => {
          return [source, ms === -Infinity ? null : ms, isBehind ? 1 : 0, nextOffset] as const
        }),
      }
    })
  }
}

const unknown: Read = { ms: -Infinity, isBehind: true, nextOffset: 0 }

function timeOf(reads: ReadonlyMap<number, Read>, endOffsets: readonly number[]): HeldTime {
  let [slowest, fastest, isHeld] = [Infinity, -Infinity, false]
  for (const [number, { ms, isBehind, nextOffset }] of reads) {
    fastest = Math.max(fastest, ms)
    if (!isBehind && endOffsets[number]! <= nextOffset) continue
    isHeld = true
    slowest = Math.min(slowest, ms)
  }
  return { ms: isHeld ? slowest : fastest, isHeld }
}
