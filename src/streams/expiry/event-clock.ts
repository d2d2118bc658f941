import { assert } from '../../core/assert.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import type { EventTimes } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { DeadlineClock } from './deadline-clock.ts'

/** Rows of one partition. */
type ObservedRows = Pick<RecordColumns, 'partition' | 'timestamp' | 'count'>

/** As of the end of an epoch. */
interface Moment {
  readonly nowMs: number
  readonly highest: Float64Array
  readonly isBehind: Uint8Array
}

/**
 * The time that records tell, for deadlines: the greatest timestamp that has been consumed, of that partition which is
 * furthest behind, so that reading one partition faster than another expires nothing. A partition that has been read to
 * its end holds nothing back. The clock never goes back, and stands while no records come.
 *
 * State: as of now; as of the epoch that was closed; as of the one that has committed.
 */
export class EventClock implements EpochParticipant, DeadlineClock {
  #highest: Float64Array
  #isBehind: Uint8Array
  #nowMs: number
  #closed: Moment
  #committed: Moment

  /** @param isBehind - By partition, whether there is anything to be read. */
  constructor(isBehind: readonly boolean[], times?: EventTimes) {
    this.#nowMs = times?.nowMs ?? -Infinity
    this.#highest = Float64Array.from(isBehind, (_, partition) => times?.highestMs[partition] ?? -Infinity)
    this.#isBehind = Uint8Array.from(isBehind, Number)
    this.#closed = this.#committed = this.#moment()
  }

  /**
   * Adds partitions. One with records that were not read yet holds the clock where it is until they are.
   *
   * @param logEnds - Of all partitions; those that are known are passed over.
   */
  grow(logEnds: readonly number[]): void {
    const isBehind = logEnds.map((end) => end > 0)
    const grown = (moment: Moment) => withPartitions(moment, isBehind)
    const { highest, isBehind: behind } = grown(this.#moment())
    this.#highest = highest
    this.#isBehind = behind
    this.#closed = grown(this.#closed)
    this.#committed = grown(this.#committed)
  }

  /**
   * Takes note of rows of a partition, and whether more were there to be read.
   *
   * @param latestMs - Timestamps beyond are not believed.
   */
  observe({ partition, timestamp, count }: ObservedRows, latestMs: number, isBehind: boolean): void {
    let highest = this.#highest[partition]!
    for (let row = 0; row < count; row++) {
      if (timestamp[row]! > highest && timestamp[row]! <= latestMs) highest = timestamp[row]!
    }
    this.#highest[partition] = highest
    this.#isBehind[partition] = Number(isBehind)
  }

  /**
   * Takes note of one record, of which `observe` will be told as well.
   *
   * @returns The time with it.
   */
  tell(partition: number, timestampMs: number): number {
    if (timestampMs <= this.#highest[partition]!) return this.#nowMs
    this.#highest[partition] = timestampMs
    return this.nowMs()
  }

  /** Takes note of rows that were consumed in epochs before: those that set no clock yet may have known no expiry. */
  recall(rows: ObservedRows, latestMs: number): void {
    this.observe(rows, latestMs, this.#isBehind[rows.partition] === 1)
    this.#closed = this.#committed = this.#moment()
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

  close({ manifest }: ClosingEpoch): void {
    this.#closed = this.#moment()
    assert(this.#closed.nowMs >= this.#committed.nowMs, 'the time that records tell never goes back')
    manifest.eventTimes = { nowMs: orNull(this.#nowMs), highestMs: Array.from(this.#highest, orNull) }
  }

  commit(): void {
    this.#committed = this.#closed
  }

  /** Goes back to the last committed epoch, after which everything is read once more. */
  rollback(): void {
    const { nowMs, highest, isBehind } = this.#committed
    const isAhead = this.#highest.map((ms, partition) => Number(ms > highest[partition]!))
    this.#nowMs = nowMs
    this.#highest = highest.slice()
    this.#isBehind = isBehind.map((before, partition) => before | isAhead[partition]!)
    this.#closed = this.#committed
  }

  #moment(): Moment {
    return { nowMs: this.#nowMs, highest: this.#highest.slice(), isBehind: this.#isBehind.slice() }
  }
}

/** The same moment, with partitions of which nothing was consumed. */
function withPartitions({ nowMs, highest, isBehind }: Moment, areBehind: readonly boolean[]): Moment {
  return {
    nowMs,
    highest: Float64Array.from(areBehind, (_, partition) => highest[partition] ?? -Infinity),
    isBehind: Uint8Array.from(areBehind, (behind, partition) => isBehind[partition] ?? Number(behind)),
  }
}

function orNull(ms: number): number | null {
  return ms === -Infinity ? null : ms
}
