/** What of the clock stands in a checkpoint. Numbers are milliseconds since 1970; null is before any record. */
export interface EventTimes {
  readonly nowMs: number | null
  /** The greatest timestamp consumed, by source partition. */
  readonly highestMs: readonly (number | null)[]
}

/**
 * The time that records tell, for deadlines: the greatest timestamp that has been consumed, of that partition which is
 * furthest behind, so that reading one partition faster than another expires nothing. A partition that has been read to its
 * end holds nothing back. The clock never goes back, and stands while no records come.
 *
 * State: of the last settled epoch, and of the one at hand.
 */
export class EventClock {
  readonly #highest: Float64Array
  readonly #isBehind: Uint8Array
  #nowMs = -Infinity
  #settled: EventTimes

  constructor(partitionCount: number, times?: EventTimes) {
    this.#highest = new Float64Array(partitionCount).fill(-Infinity)
    this.#isBehind = new Uint8Array(partitionCount)
    this.#settled = times ?? this.times
    this.rollback()
  }

  /** Takes note of rows of a partition, and whether more were there to be read. */
  observe(partition: number, timestamps: Float64Array, count: number, isBehind: boolean): void {
    let highest = this.#highest[partition]!
    for (let row = 0; row < count; row++) if (timestamps[row]! > highest) highest = timestamps[row]!
    this.#highest[partition] = highest
    this.#isBehind[partition] = isBehind ? 1 : 0
  }

  /** -Infinity before the first record. */
  nowMs(): number {
    let slowest = Infinity
    let fastest = -Infinity
    this.#highest.forEach((highest, partition) => {
      if (this.#isBehind[partition] === 1 && highest < slowest) slowest = highest
      if (highest > fastest) fastest = highest
    })
    this.#nowMs = Math.max(this.#nowMs, slowest === Infinity ? fastest : slowest)
    return this.#nowMs
  }

  get times(): EventTimes {
    return { nowMs: orNull(this.#nowMs), highestMs: Array.from(this.#highest, orNull) }
  }

  settle(): void {
    this.#settled = this.times
  }

  rollback(): void {
    this.#nowMs = this.#settled.nowMs ?? -Infinity
    this.#highest.fill(-Infinity)
    this.#settled.highestMs.forEach((highest, partition) => (this.#highest[partition] = highest ?? -Infinity))
  }
}

function orNull(ms: number): number | null {
  return ms === -Infinity ? null : ms
}
