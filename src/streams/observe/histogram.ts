/** What a histogram has counted. */
export interface HistogramSnapshot {
  /** Upper bounds of the buckets, in ascending order; one bucket more is for what is beyond the last. */
  readonly bounds: readonly number[]
  /** Values in each bucket, of these alone. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly count: number
}

/** Counts values by size. Its buckets are fixed, so histograms of several processes can be added. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** @param bounds - In ascending order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    this.#counts[bucket < 0 ? this.#bounds.length : bucket]!++
    this.#sum += value
  }

  snapshot(): HistogramSnapshot {
    const counts = [...this.#counts]
    return { bounds: this.#bounds, counts, sum: this.#sum, count: counts.reduce((sum, count) => sum + count, 0) }
  }
}

/** Bounds for what takes from milliseconds to a minute, in seconds. */
export const secondsBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
