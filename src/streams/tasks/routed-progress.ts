/**
 * Routed progress: tells those who read routed parts how far the sources are read, for the time that records tell.
 *
 * With each epoch, after its parts and in its transaction, a record goes to each partition of the topic that the parts of
 * a source are routed through. Whoever has read that has read all parts of the records that it speaks of. The first epoch
 * of each life has no rows: so it is told as well which source partitions have nothing to be read.
 * Cost per epoch: a record of some 25 bytes for each source partition of this member, to each partition of the topic.
 */
import {
  plainRecord,
  progressRecord,
  type RecordColumns,
  type RoutedTopic,
  writePlainRecord,
} from '../../kernel/index.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { SourceRead } from '../expiry/routed-times.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { isOwn, type Tasks } from './tasks.ts'

type WrittenRead = readonly [number: number, ms: number | null, isBehind: 0 | 1, nextOffset: number]

export class RoutedProgress {
  readonly #topics: readonly RoutedTopic[]
  readonly #partitions: SourcePartitions
  readonly #tasks: Tasks
  readonly #clock: Pick<EventClock, 'readOf'>

  /** @param topics - By source. */
  constructor(
    topics: readonly RoutedTopic[],
    partitions: SourcePartitions,
    tasks: Tasks,
    clock: Pick<EventClock, 'readOf'>,
  ) {
    this.#topics = topics
    this.#partitions = partitions
    this.#tasks = tasks
    this.#clock = clock
  }

  /**
   * Writes it; all parts of the epoch have been handed over.
   *
   * @param nextOffsets - What it has read, by number. @param nowMs - The time of day.
   */
  write(nextOffsets: ArrayLike<number>, nowMs: number): void {
    for (const [source, { out }] of this.#topics.entries()) {
      const read = toldOf(this.#partitions, source)
        .filter((number) => isOwn(this.#tasks, number))
        .map((number): WrittenRead => {
          const { ms, isBehind } = this.#clock.readOf(number)
          const nextOffset = this.#partitions.leastOf(number, nextOffsets)
          return [number, ms === -Infinity ? null : ms, isBehind ? 1 : 0, nextOffset]
        })
      if (read.length === 0) continue
      const record = progressRecord(Buffer.from(JSON.stringify(read)))
      for (let partition = 0; partition < out.partitionCount; partition++)
        writePlainRecord(out, partition, nowMs, record)
    }
  }
}

/** What a row tells that is no part. */
export function readProgress(columns: RecordColumns, row: number): SourceRead[] {
  const { value } = plainRecord(columns, row)
  const read: readonly WrittenRead[] = JSON.parse(Buffer.from(value!).toString())
  return read.map(([number, ms, isBehind, nextOffset]) => {
    return { number, ms: ms ?? -Infinity, isBehind: isBehind === 1, nextOffset }
  })
}

/** The partitions of a source of which it is told how far they are read: not those of redriven letters, which are late. */
export function toldOf(partitions: SourcePartitions, source: number): number[] {
  return partitions.firsts.filter((number) => !partitions.isRedriven(number) && partitions.sourceOf(number) === source)
}
