import {
  encodeJsonString,
  type HandedRecord,
  type OutputBuilder,
  type PendingRow,
  PUBLISHED,
} from '../../kernel/index.ts'
import { MergedPublisher } from '../merged/merged-publisher.ts'
import { PublishedRecords } from '../merged/published-records.ts'
import { encodeAdded } from '../merged/sink-records.ts'
import type { MergedNames } from '../topology/merged-names.ts'
import type { ShardSetup } from './shard-messages.ts'

/** How merged records of a shard look. */
export function shardNames({ keyName, sideNames, table }: ShardSetup): MergedNames {
  return {
    keyName: encodeJsonString(keyName),
    sideNames: sideNames.map(encodeJsonString),
    isList: sideNames.map((_, side) => table.lists?.some((list) => list.side === side) === true),
  }
}

/**
 * Publishes merges in a shard that its table does not write by itself, in a program without functions after the merge:
 * those that lack sides or have lists, and all where the sink has headers or another timestamp for them.
 *
 * State: which timestamps the sink takes for now.
 */
export class ShardMerges {
  readonly #times = { earliestMs: -Infinity, latestMs: Infinity, nearest: (ms: number) => ms }
  readonly #publisher: MergedPublisher

  constructor(names: MergedNames, { sink }: ShardSetup, out: OutputBuilder) {
    const published = new PublishedRecords()
    published.add(0, undefined, undefined, encodeAdded(sink.headers), undefined)
    const { recordBytesMax, timestamp } = sink
    const to = { out, recordBytesMax, times: this.#times, timestamp, traceContext: false }
    this.#publisher = new MergedPublisher(names, [to], { apply: () => PUBLISHED, published }, undefined)
  }

  takeTimes(earliestMs: number, latestMs: number, nowMs: number): void {
    this.#times.earliestMs = earliestMs
    this.#times.latestMs = latestMs
    this.#publisher.takeTimes(nowMs)
  }

  /** @returns The outcome of the row. */
  publishStored(row: PendingRow): number {
    return this.#publisher.publishStored(row)
  }

  /** The same of a merge that the table has written, to be made what the sink wants. */
  publish(record: HandedRecord): number {
    return this.#publisher.publish(record)
  }
}
