import { assert } from '../../core/assert.ts'
import type { Clock } from '../../core/clock.ts'

/** What may be saved up while less is read, and is there at first: that of so many milliseconds. */
const savedMs = 1_000
/** Reading goes on once there is that of so many milliseconds, so that not every record has a request of its own. */
const worthMs = 100
/** Times are sums of fractions. */
const roundingMs = 1e-6

/**
 * How many records a second may be read: a bucket that fills with time. A record batch comes whole, so more may be read
 * than there was; that is a debt, and reading waits until it is paid off. So in any time there are read at most as many
 * records as are allowed in it and one second more, and the last batch.
 *
 * @see Generic cell rate algorithm: what is kept is the time at which the bucket is full again
 */
export class RecordRate {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** Time that one record takes. */
  readonly #recordMs: number
  /** For how much longer the bucket may not be full where something may be read. */
  readonly #openMs: number
  #fullMs = -Infinity
  #readRecords = 0
  #readBytes = 0

  constructor(clock: Pick<Clock, 'monotonicMs'>, recordsPerSecondMax: number) {
    assert(recordsPerSecondMax >= 1, 'a record a second may be read at least')
    this.#clock = clock
    this.#recordMs = 1_000 / recordsPerSecondMax
    this.#openMs = savedMs - Math.max(worthMs, this.#recordMs)
  }

  /** Milliseconds until something may be read; 0 where something may. */
  get openInMs(): number {
    return Math.max(0, Math.ceil(this.#fullInMs - this.#openMs - roundingMs))
  }

  /** Bytes that what may be read now is likely to have; 0 while nothing was read that could tell. */
  get likelyBytes(): number {
    const records = Math.max(0, savedMs - this.#fullInMs) / this.#recordMs
    return this.#readRecords === 0 ? 0 : (records * this.#readBytes) / this.#readRecords
  }

  /** Takes note of what was read. */
  read(records: number, bytes: number): void {
    this.#fullMs = this.#clock.monotonicMs() + this.#fullInMs + records * this.#recordMs
    this.#readRecords += records
    this.#readBytes += bytes
  }

  get #fullInMs(): number {
    return Math.max(0, this.#fullMs - this.#clock.monotonicMs())
  }
}
