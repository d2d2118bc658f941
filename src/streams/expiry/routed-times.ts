import type { RoutedTime } from '../checkpoint/manifest.ts'

/** How far a source partition is read. */
export interface SourceRead {
  /** Its number where parts are made. */
  readonly number: number
  /** The greatest timestamp; -Infinity before any record. */
  readonly ms: number
  /** Whether it has more to be read. */
  readonly isBehind: boolean
}

/** What is known by one partition of routed parts. */
interface Known {
  /** The greatest timestamp of all source partitions. */
  readonly latestMs: number
  /** The greatest of each that has more to be read; -Infinity where nothing is known of it. */
  readonly behind: ReadonlyMap<number, number>
}

/** By number of the partition of routed parts; undefined of others. */
export type KnownTimes = readonly (Known | undefined)[]

/**
 * How far sources are read whose parts are routed, as each partition of these tells: so what it tells is true of the
 * parts before it. A source partition of which nothing was told yet holds the time back, as one that has more to be read.
 */
export class RoutedTimes {
  #known: KnownTimes

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
      const time = times?.[number]
      if (!time) return { latestMs: -Infinity, behind: new Map(sources.map((each) => [each, -Infinity])) }
      return {
        latestMs: time.latestMs ?? -Infinity,
        behind: new Map(time.behind.map(([source, ms]) => [source, ms ?? -Infinity])),
      }
    })
  }

  /** As of now; it does not change. */
  get known(): KnownTimes {
    return this.#known
  }

  /** Goes back to what was known. */
  restore(known: KnownTimes): void {
    this.#known = known
  }

  /** Whether a partition has parts that tell. */
  has(partition: number): boolean {
    return this.#known[partition] !== undefined
  }

  tell(partition: number, sources: readonly SourceRead[]): void {
    const { latestMs, behind } = this.#known[partition]!
    const now = new Map(behind)
    for (const { number, ms, isBehind } of sources) {
      if (isBehind) now.set(number, ms)
      else now.delete(number)
    }
    const known = { latestMs: Math.max(latestMs, ...sources.map(({ ms }) => ms)), behind: now }
    this.#known = this.#known.with(partition, known)
  }

  /** The greatest timestamp of the source partition that is furthest behind; of all where none is. */
  timeOf(partition: number): number {
    const { latestMs, behind } = this.#known[partition]!
    return behind.size === 0 ? latestMs : Math.min(...behind.values())
  }

  /** Whether any source partition has more to be read. */
  isHeld(partition: number): boolean {
    return this.#known[partition]!.behind.size > 0
  }

  /** As a manifest has them. */
  get written(): (RoutedTime | null)[] {
    return this.#known.map((known) => {
      if (known === undefined) return null
      const behind = Array.from(known.behind, ([source, ms]) => [source, orNull(ms)] as const)
      return { latestMs: orNull(known.latestMs), behind }
    })
  }
}

function orNull(ms: number): number | null {
  return ms === -Infinity ? null : ms
}
