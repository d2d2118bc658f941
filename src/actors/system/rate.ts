/** Milliseconds over which a rate is taken at least. */
const sampleMs = 1_000

interface Sample {
  readonly atMs: number
  readonly count: number
}

/** How fast a count grows, by what it was at the reads before: nothing is done between them. */
export class Rate {
  #base: Sample
  #latest: Sample

  constructor(atMs: number) {
    this.#base = { atMs, count: 0 }
    this.#latest = this.#base
  }

  /** Per second, since the latest read that is a second old. */
  read(atMs: number, count: number): number {
    if (atMs - this.#latest.atMs >= sampleMs) {
      this.#base = this.#latest
      this.#latest = { atMs, count }
    }
    const elapsedMs = atMs - this.#base.atMs
    return elapsedMs > 0 ? ((count - this.#base.count) / elapsedMs) * 1_000 : 0
  }
}
