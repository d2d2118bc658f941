import { GrowableBytes, PUBLISHED } from '../../kernel/index.ts'
import type { MergeSpans } from '../tracing/merge-spans.ts'

/** Merges of which the trace of a part is followed, as `readTracedMerges` reads them, one after the other. */
export interface TracedMerges {
  readonly merges: Uint8Array
  readonly count: number
}

/**
 * What a shard tells the main thread of the merges that it has published, where traces are followed: the main thread
 * makes spans of them, because these wait for their epoch to commit.
 *
 * State: those that were not told yet, the last ones of which it is not known yet whether they will be published.
 */
export class TracedInShard implements Pick<MergeSpans, 'begin' | 'end'> {
  readonly #bytes = new GrowableBytes(1_024)
  #count = 0
  /** Of the last ones: how many, and where they begin. */
  #begun = 0
  #from = 0

  begin(merges: Uint8Array, count: number): void {
    this.#from = this.#bytes.length
    this.#bytes.append(merges)
    this.#begun = count
  }

  end(outcome: number): void {
    if (outcome === PUBLISHED) this.#count += this.#begun
    else if (this.#begun > 0) this.#bytes.length = this.#from
    this.#begun = 0
  }

  /** What has begun, of which somebody else tells: bytes of its own; undefined where nothing has. */
  takeBegun(): Uint8Array | undefined {
    if (this.#begun === 0) return undefined
    const begun = this.#bytes.bytes.slice(this.#from, this.#bytes.length)
    this.#bytes.length = this.#from
    this.#begun = 0
    return begun
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
