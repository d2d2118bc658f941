import { encodeJsonString, type OutputBuilder, type PendingRow, PUBLISHED } from '../../kernel/index.ts'
import { MergedPublisher } from '../merged/merged-publisher.ts'
import { PublishedRecords } from '../merged/published-records.ts'
import { noAddedHeaders } from '../merged/sink-records.ts'
import type { MergedNames } from '../topology/merged-names.ts'
import type { ShardSetup } from './shard-messages.ts'

/**
 * Publishes merges in a shard that its table does not write by itself, those that lack sides or have lists, in a program
 * without functions after the merge.
 *
 * State: which timestamps the sink takes for now.
 */
export class ShardMerges {
  readonly names: MergedNames
  readonly #times = { earliestMs: -Infinity, latestMs: Infinity, nearest: (ms: number) => ms }
  readonly #publisher: MergedPublisher

  constructor({ keyName, sideNames, table, sink }: ShardSetup, out: OutputBuilder) {
    this.names = {
      keyName: encodeJsonString(keyName),
      sideNames: sideNames.map(encodeJsonString),
      isList: sideNames.map((_, side) => table.lists?.some((list) => list.side === side) === true),
    }
    const published = new PublishedRecords()
    published.add(0, undefined, undefined, noAddedHeaders, undefined)
    const { recordBytesMax } = sink
    const to = { out, recordBytesMax, times: this.#times, timestamp: 'greatest', traceContext: false } as const
    this.#publisher = new MergedPublisher(this.names, [to], { apply: () => PUBLISHED, published }, undefined)
  }

  takeTimes(earliestMs: number, latestMs: number): void {
    this.#times.earliestMs = earliestMs
    this.#times.latestMs = latestMs
    // None has the time of day.
    this.#publisher.takeTimes(NaN)
  }

  /** @returns The outcome of the row. */
  publish(row: PendingRow): number {
    return this.#publisher.publishStored(row)
  }
}
