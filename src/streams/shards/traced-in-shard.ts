import { GrowableBytes, PUBLISHED } from '../../kernel/index.ts'

/** Merges of which the trace of a part is followed, as `readTracedMerges` reads them, one after the other. */
export interface TracedMerges {
  readonly merges: Uint8Array
  readonly count: number
}

/**
 * What a shard tells the main thread of the merges that it has published, where traces are followed: the main thread
 * makes spans of them, because these wait for their epoch to commit.
 *
 * State: those that were not told yet; and one of which it is not known yet whether it will be published.
 */
export class TracedInShard {
  readonly #bytes = new GrowableBytes(1_024)
  #count = 0
  #held: Uint8Array | undefined

  /** They are published. */
  add(merges: Uint8Array, count: number): void {
    this.#bytes.append(merges)
    this.#count += count
  }

  /** What comes of one is said next. */
  hold(merge: Uint8Array): void {
    this.#held = merge.slice()
  }

  /** The one that was held last, which somebody else tells of. */
  takeHeld(): Uint8Array | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  /** What has come of it; returns the same. */
  end(outcome: number): number {
    const held = this.takeHeld()
    if (held !== undefined && outcome === PUBLISHED) this.add(held, 1)
    return outcome
  }

  /** Those since this was last asked: bytes of their own; undefined where there are none. */
  take(): TracedMerges | undefined {
    if (this.#count === 0) return undefined
    const traced = { merges: this.#bytes.bytes.slice(0, this.#bytes.length), count: this.#count }
    this.#bytes.clear()
    this.#count = 0
    return traced
  }
}
