import type { Clock, Timer } from '../../core/clock.ts'
import type { FetchedPartition } from '../../kernel/index.ts'
import { recordsIn } from './fetch-protocol.ts'
import type { RecordRate } from './record-rate.ts'

/**
 * Which partitions may be read now, where some have a rate, which those of one source share. The others are never held
 * up: they are asked for without the throttled ones meanwhile.
 */
export class ThrottledPartitions {
  readonly #clock: Clock
  readonly #rates: readonly (RecordRate | undefined)[]
  /** How many partitions share a rate. */
  readonly #sharers = new Map<RecordRate, number>()
  readonly #onOpen: () => void
  #timer: Timer | undefined
  #timerMs = Infinity

  /**
   * @param rates - By index of the partition; undefined where nothing bounds it.
   * @param onOpen - Called when partitions may be read again that were left out.
   */
  constructor(clock: Clock, rates: readonly (RecordRate | undefined)[], onOpen: () => void) {
    this.#clock = clock
    this.#rates = rates
    for (const rate of rates) if (rate !== undefined) this.#sharers.set(rate, (this.#sharers.get(rate) ?? 0) + 1)
    this.#onOpen = onOpen
  }

  /** Those of some partitions that may be read now. @param isUrgent - Whether one is to be asked for whatever its rate. */
  open(partitions: readonly number[], isUrgent: (partition: number) => boolean): readonly number[] {
    let openInMs = Infinity
    const open = partitions.filter((partition) => {
      const ms = isUrgent(partition) ? 0 : (this.#rates[partition]?.openInMs ?? 0)
      if (ms > 0) openInMs = Math.min(openInMs, ms)
      return ms === 0
    })
    if (openInMs < Infinity) this.#lookIn(openInMs)
    return open
  }

  /** Bytes to ask for of a partition, where so many are asked for of one without a rate. */
  bytesOf(partition: number, bytesMax: number): number {
    const rate = this.#rates[partition]
    if (rate === undefined) return bytesMax
    // A broker gives a whole batch at least.
    return Math.max(1, Math.min(bytesMax, Math.floor(rate.likelyBytes / this.#sharers.get(rate)!)))
  }

  /** Takes note of what was read. */
  read({ partition, view, start, end }: FetchedPartition): void {
    this.#rates[partition]?.read(recordsIn(view, start, end), end - start)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #lookIn(ms: number): void {
    const dueMs = this.#clock.monotonicMs() + ms
    if (dueMs >= this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = dueMs
    this.#timer = this.#clock.setTimer({ afterMs: ms }, () => {
      this.#timerMs = Infinity
      this.#onOpen()
    })
  }
}
