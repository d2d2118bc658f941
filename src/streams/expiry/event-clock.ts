import { assert } from '../../core/assert.ts'
import type { RecordColumns } from '../../kernel/index.ts'
import type { EventTimes } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { DeadlineClock } from './deadline-clock.ts'
import type { KnownTimes, RoutedTimes, SourceRead } from './routed-times.ts'

/** Rows of one partition. */
type ObservedRows = Pick<RecordColumns, 'partition' | 'timestamp' | 'count'>

/** Why a partition holds the clock: it has more to be read, or it tells of another one that has. */
const own = 1
const told = 2

/** As of the end of an epoch. */
interface Moment {
  readonly nowMs: number
  readonly highest: Float64Array
  readonly isBehind: Uint8Array
  readonly routed: KnownTimes
}

/**
 * The time that records tell, for deadlines: the greatest timestamp that has been consumed, of that partition which is
 * furthest behind, so that reading one partition faster than another expires nothing. A partition that has been read to
 * its end holds nothing back. The clock never goes back, and stands while no records come. Of partitions of routed parts
 * those timestamps count that were routed there, of the source partition which is furthest behind, once brokers have said
 * how far these reach.
 *
 * State: as of now; as of the epoch that was closed; as of the one that has committed.
 */
export class EventClock implements EpochParticipant, DeadlineClock {
  #highest: Float64Array
  #isBehind: Uint8Array
  #nowMs: number
  readonly #routed: RoutedTimes | undefined
  #closed: Moment
  #committed: Moment

  /**
   * @param isBehind - By partition, whether there is anything to be read.
   * @param routed - Where parts are read that are routed.
   */
  constructor(isBehind: readonly boolean[], times?: EventTimes, routed?: RoutedTimes) {
    this.#nowMs = times?.nowMs ?? -Infinity
    this.#highest = Float64Array.from(isBehind, (_, partition) => times?.highestMs[partition] ?? -Infinity)
    this.#isBehind = Uint8Array.from(isBehind, Number)
    this.#routed = routed
    for (const partition of isBehind.keys()) this.#look(partition, isBehind[partition]!)
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
    if (this.#look(partition, isBehind)) return
    let highest = this.#highest[partition]!
    for (let row = 0; row < count; row++) {
      if (timestamp[row]! > highest && timestamp[row]! <= latestMs) highest = timestamp[row]!
    }
    this.#highest[partition] = highest
    this.#isBehind[partition] = Number(isBehind)
  }

  /**
   * Takes note of how far sources are read whose parts a partition has; `observe` will be told of the row as well.
   */
  tellRead(partition: number, sources: readonly SourceRead[]): void {
    if (this.#routed?.has(partition) === true) this.#routed.tell(partition, sources)
  }

  /** What partitions have told that does not count until brokers have said how far its sources reach. */
  takeTold(): KnownTimes | undefined {
    return this.#routed?.takeTold()
  }

  /** They have said so. @param told - When they were asked. @param endOffsets - By number, of the sources of the parts. */
  confirm(told: KnownTimes, endOffsets: readonly number[]): void {
    this.#routed!.confirm(told, endOffsets)
    this.#isBehind.forEach((behind, partition) => this.#look(partition, (behind & own) !== 0))
  }

  /** Up to which time a partition has been read, and whether there is more. */
  readOf(partition: number): Pick<SourceRead, 'ms' | 'isBehind'> {
    return { ms: this.#highest[partition]!, isBehind: this.#isBehind[partition] !== 0 }
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
    this.observe(rows, latestMs, (this.#isBehind[rows.partition]! & own) !== 0)
    this.#closed = this.#committed = this.#moment()
  }

  /** -Infinity before the first record. */
  nowMs(): number {
    let slowest = Infinity
    let fastest = -Infinity
    this.#highest.forEach((highest, partition) => {
      if (this.#isBehind[partition] !== 0 && highest < slowest) slowest = highest
      if (highest > fastest) fastest = highest
    })
    this.#nowMs = Math.max(this.#nowMs, slowest === Infinity ? fastest : slowest)
    return this.#nowMs
  }

  close({ manifest }: ClosingEpoch): void {
    this.#closed = this.#moment()
    assert(this.#closed.nowMs >= this.#committed.nowMs, 'the time that records tell never goes back')
    manifest.eventTimes = {
      nowMs: orNull(this.#nowMs),
      highestMs: Array.from(this.#highest, orNull),
      ...(this.#routed && { routed: this.#routed.written }),
    }
  }

  commit(): void {
    this.#committed = this.#closed
  }

  /** Goes back to the last committed epoch, after which everything is read once more. */
  rollback(): void {
    const { nowMs, highest, isBehind, routed } = this.#committed
    const now = this.#moment()
    const isAhead = (partition: number) =>
      now.highest[partition]! > highest[partition]! || now.routed[partition] !== routed[partition]
    this.#nowMs = nowMs
    this.#highest = highest.slice()
    this.#isBehind = isBehind.map((before, partition) => before | Number(isAhead(partition)))
    this.#routed?.restore(routed)
    this.#closed = this.#committed
  }

  /** Looks at what a partition tells of others; returns whether it does. */
  #look(partition: number, isBehind: boolean): boolean {
    const routed = this.#routed
    if (routed?.has(partition) !== true) return false
    this.#highest[partition] = routed.timeOf(partition)
    this.#isBehind[partition] = (isBehind ? own : 0) | (routed.isHeld(partition) ? told : 0)
    return true
  }

  #moment(): Moment {
    const routed = this.#routed?.known ?? []
    return { nowMs: this.#nowMs, highest: this.#highest.slice(), isBehind: this.#isBehind.slice(), routed }
  }
}

/** The same moment, with partitions of which nothing was consumed. */
function withPartitions({ nowMs, highest, isBehind, routed }: Moment, areBehind: readonly boolean[]): Moment {
  return {
    nowMs,
    highest: Float64Array.from(areBehind, (_, partition) => highest[partition] ?? -Infinity),
    isBehind: Uint8Array.from(areBehind, (behind, partition) => isBehind[partition] ?? Number(behind)),
    routed,
  }
}

function orNull(ms: number): number | null {
  return ms === -Infinity ? null : ms
}
