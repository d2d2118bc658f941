/**
 * Shard worker: has a shard of the pending table on a thread of its own, with its own kernel, and decodes the records of
 * the source partitions that it is given.
 *
 * Steps for records: check and open their batches, find side, key and part, take in the rows of its own keys, and cut
 * the others out for their shards. These read them from shared memory; the main thread carries what leaves to the sink.
 * State: the table, which forgets what an epoch has changed as it commits and takes it back as a life begins; counters of
 * the current epoch.
 * Cost per record: as on the main thread, a hash more, and a copy of key and part where they are another shard's.
 */
import { defineActor } from '../../actors/index.ts'
import { assert } from '../../core/assert.ts'
import { refuseAhead } from '../expiry/timestamps-ahead.ts'
import { LeftRows } from './left-rows.ts'
import {
  BatchReader,
  type CutBatch,
  noCounts,
  noSide,
  OutputBatch,
  OutputBuilder,
  type PartitionCounts,
  PendingTable,
  RecordColumns,
  type TableShard,
} from '../../kernel/index.ts'
import type {
  ClosedShard,
  Closing,
  LookedAt,
  SentBatch,
  ShardChange,
  SharedPartition,
  ShardMessage,
  ShardSetup,
  TakenRows,
} from './shard-messages.ts'

import { RowSweeps } from './row-sweeps.ts'
import { decodingOf } from './shard-decoding.ts'
import { ShardKeys } from './shard-keys.ts'
import { type SharedLinks, ShardLinks } from './shard-links.ts'
import { MergesOnward } from './merges-onward.ts'
import { ShardMerges, shardNames } from './shard-merges.ts'
import { followed } from '../tracing/followed.ts'
import { TracedInShard } from './traced-in-shard.ts'
import type { Verdicts } from './verdicts.ts'

type EmptyMessage = Extract<ShardMessage, { readonly type: 'empty' }>

/** Blocks that are moved after a commit at most, so that it takes no longer than a millisecond or two. */
const compactedBlocksMax = 4_096

export const shardWorker = (setup: ShardSetup) =>
  defineActor<ShardMessage, Shard>({
    name: 'shard',
    init: () => new Shard(setup),
    handleInPlace: {
      begin: (shard, { life, links, reply }) => reply(shard.begin(life, links)),
      empty: (shard, { reply, ...message }) => reply(message.life === shard.life ? shard.empty(message) : undefined),
      times: (shard, { life, earliestMs, latestMs, nowMs }) =>
        life === shard.life ? shard.takeTimes(earliestMs, latestMs, nowMs) : undefined,
      take: async (shard, { life, records, reread, returned, reply }) =>
        reply(life === shard.life ? await shard.take(records, reread, returned) : undefined),
      takeRows: (shard, { life, batch, laneCount, reply }) =>
        reply(life === shard.life ? shard.takeRows(batch, laneCount) : undefined),
      takeCut: (shard, { life, reply }) => reply(life === shard.life ? shard.takeCut() : undefined),
      close: async (shard, { life, closing, reply }) =>
        reply(life === shard.life ? await shard.close(closing) : undefined),
      look: (shard, { life, monotonicMs, reply }) => reply(life === shard.life ? shard.look(monotonicMs) : undefined),
      judged: (shard, { life, verdicts }) => (life === shard.life ? shard.judge(verdicts) : undefined),
      number: (shard, { life, from, forgotten }) => (life === shard.life ? shard.number(from, forgotten) : undefined),
      commit: (shard, { life }) => (life === shard.life ? shard.commit() : undefined),
    },
  })

class Shard {
  /** 0 before the first. */
  life = 0
  readonly #table: PendingTable
  readonly #shard: TableShard
  readonly #keys: ShardKeys
  readonly #reader: BatchReader
  readonly #decoders: readonly ((columns: RecordColumns) => void)[]
  readonly #columns = new RecordColumns()
  readonly #out: OutputBuilder
  #links!: ShardLinks
  readonly #filled: SentBatch[] = []
  readonly #codec: number
  readonly #setup: ShardSetup
  /** One of these two publishes merges: here, or on the main thread. */
  readonly #merges: ShardMerges | undefined
  readonly #onward: MergesOnward | undefined
  readonly #traced = new TracedInShard()
  /** Rows that have left without being merged. */
  readonly #left = new LeftRows()
  #sweeps: RowSweeps
  /** By the number of a lane, the first one of its partition; absent where that has no other. */
  readonly #firstLanes: number[] = []
  #refused: number[] = []
  #dropped: number[] = []
  /** How far rings were read when no rows were deferred. */
  #read: readonly number[] = []
  #counts: Counts

  constructor(setup: ShardSetup) {
    const { place, decompressedBytesMax, decoders, sink, traces } = setup
    this.#counts = countsOf(setup.partitionCount)
    this.#codec = sink.codec
    this.#setup = setup
    this.#table = new PendingTable(setup.table)
    this.#shard = this.#table.shardAt(place)
    this.#keys = new ShardKeys(this.#table, this.#shard, setup.table.completedReason !== undefined, sink.isOnward)
    this.#reader = new BatchReader({ decompressedBytesMax })
    this.#decoders = decoders.map((decoder) => decodingOf(decoder, traces))
    this.#out = new OutputBuilder({
      ...sink,
      sink: 0,
      isShared: true,
      onFilled: (batch) => this.#filled.push(sentBatchOf(batch)),
    })
    const names = shardNames(setup)
    if (sink.isOnward) this.#onward = new MergesOnward(names, this.#traced)
    else this.#merges = new ShardMerges(names, setup, this.#out)
    const publisher = this.#onward ?? this.#merges!
    this.#table.publishTo({
      out: this.#out,
      refuse: ({ partition, offset }, reason) => this.#dropped.push(partition, offset, reason),
      firstLaneOf: (lane) => this.#firstLanes[lane] ?? lane,
      expire: (row) => this.#left.append(row),
      ...followed(traces.followedRatio > 0 ? this.#traced : undefined, {
        merge: (row) => publisher.publishStored(row),
        hand: sink.isHandedOver ? (record) => publisher.publish(record) : undefined,
      }),
      ...names,
      recordBytesMax: sink.recordBytesMax,
    })
    this.#sweeps = this.#newSweeps()
  }

  begin(life: number, links: SharedLinks): boolean {
    const isNew = this.life === 0
    this.life = life
    this.#table.rollback()
    this.#keys.rollback()
    this.#shard.dropDeferred()
    this.#flush()
    this.#links = new ShardLinks(this.#shard.place.shard, life, links, this.#takeBatch)
    this.#taken()
    this.#out.letGo()
    this.#left.take()
    this.#sweeps = this.#newSweeps()
    this.#counts = countsOf(this.#partitionCount)
    return isNew
  }

  empty({ areRowsRead, keys, forgotten }: Pick<EmptyMessage, 'areRowsRead' | 'keys' | 'forgotten'>): boolean {
    this.#keys.clear()
    this.#table.retain(() => false)
    this.#table.settle()
    // What was pending was in a table before; the limit holds once it is there, with the first epoch.
    this.#table.isLimited = !areRowsRead
    this.#keys.recall(keys, forgotten)
    return true
  }

  takeTimes(earliestMs: number, latestMs: number, nowMs: number): void {
    this.#table.takeTimes(earliestMs, latestMs)
    this.#merges?.takeTimes(earliestMs, latestMs, nowMs)
  }

  /** @returns undefined where the life is over. */
  async take(records: SharedPartition, reread: Float64Array | undefined, returned: readonly ArrayBufferLike[]) {
    this.#takeBack(returned)
    this.#takeDeferred()
    const { source, partition, memory, latestMs, ...range } = records
    if (partition >= this.#partitionCount) this.#growTo(partition + 1)
    const bytes = Buffer.from(memory)
    const endOffset = range.nextOffset
    this.#reader.open({ ...range, partition, endOffset, bytes, view: new DataView(memory) })
    const columns = this.#columns
    let [recordCount, lastTimestampMs, highestMs] = [0, NaN, -Infinity]
    while (this.#reader.fill(columns)) {
      recordCount += columns.count
      lastTimestampMs = columns.timestamp[columns.count - 1]!
      if (reread !== undefined) keepPending(columns, reread)
      if (latestMs !== undefined) highestMs = Math.max(highestMs, highestOf(columns, latestMs))
      this.#decoders[source]!(columns)
      if (reread === undefined && latestMs !== undefined) refuseAhead(columns, latestMs)
      this.#shard.take(columns, this.#counts, this.#onCut)
      this.#noteRefused(columns)
      if (!this.#links.pass() && !(await this.#links.untilFree())) return undefined
    }
    return { ...this.#taken(), recordCount, lastTimestampMs, highestMs, written: this.#links.written }
  }

  takeRows(batch: CutBatch, laneCount: number): TakenRows {
    const { partition } = batch
    if (partition + laneCount > this.#partitionCount) this.#growTo(partition + laneCount)
    if (laneCount > 1) for (let lane = 0; lane < laneCount; lane++) this.#firstLanes[partition + lane] = partition
    this.#takeDeferred()
    this.#takeBatch(batch)
    this.#links.pass()
    return this.#taken()
  }

  takeCut(): TakenRows {
    this.#takeDeferred()
    this.#links.pass()
    return this.#taken()
  }

  /** @returns undefined where the life is over. */
  async close(closing: Closing | undefined): Promise<ClosedShard | undefined> {
    if (!(await this.#links.border())) return undefined
    assert(!this.#shard.isDeferring, 'all that was given is in the table when an epoch closes')
    if (closing !== undefined) this.#sweeps.run(closing)
    const changes: ShardChange[] = []
    const completed = this.#keys.completed()
    this.#flush()
    this.#table.epochChanges((partition, chunk, bits, added, growth) => {
      changes.push({ partition, chunk, bits: bits.slice(), added, growth })
    })
    this.#table.beginEpoch()
    this.#table.isLimited = true
    const { mergedRows, ...counts } = this.#counts
    this.#counts = countsOf(this.#partitionCount)
    const { rowCount, liveBytes, memoryBytes } = this.#table
    const [left, sweep, isPassing] = [this.#left.take(), this.#sweeps.expired, this.#sweeps.isPassing]
    const taken = this.#taken()
    return { changes, counts, mergedRows, rowCount, liveBytes, memoryBytes, left, sweep, isPassing, completed, taken }
  }

  look(monotonicMs: number): LookedAt {
    return this.#sweeps.look(monotonicMs)
  }

  judge(verdicts: Verdicts): void {
    this.#keys.judge(verdicts)
  }

  number(from: number, forgotten: number): void {
    this.#keys.number(from, forgotten)
  }

  commit(): void {
    this.#table.commitEpoch()
    this.#keys.commit()
    this.#table.compact(compactedBlocksMax)
  }

  /** Hands over all merged records. */
  #flush(): void {
    this.#table.flush()
    this.#out.flush()
  }

  /** Those of a life. */
  #newSweeps(): RowSweeps {
    const currentCounts = () => this.#counts
    return new RowSweeps(this.#setup, this.#table, {
      get current() {
        return currentCounts()
      },
    })
  }

  get #partitionCount(): number {
    return this.#counts.emitted.length
  }

  /** Counts of partitions that a source was given. */
  #growTo(partitionCount: number): void {
    const { mergedRows, ...counts } = this.#counts
    const grown = noCounts(partitionCount)
    for (const name of Object.keys(grown) as (keyof PartitionCounts)[]) grown[name].set(counts[name])
    this.#counts = { ...grown, mergedRows }
  }

  readonly #onCut = (shard: number, batch: CutBatch): void => this.#links.send(shard, batch)

  readonly #takeBatch = (batch: CutBatch): void => {
    if (batch.partition >= this.#partitionCount) this.#growTo(batch.partition + 1)
    this.#noteRefused(this.#shard.takeCut(batch, this.#counts))
  }

  /** Before any other rows, some of which may be of the same keys. */
  #takeDeferred(): void {
    if (this.#shard.isDeferring) this.#shard.takeDeferred(this.#counts, (columns) => this.#noteRefused(columns))
  }

  #takeBack(batches: readonly ArrayBufferLike[]): void {
    for (const memory of batches) this.#out.recycle(OutputBatch.over(memory, this.#codec))
  }

  #noteRefused(columns: RecordColumns): void {
    const { count, side, reason, offset } = columns
    for (let row = 0; row < count; row++) {
      if (side[row] === noSide) this.#refused.push(columns.numberOf(row), offset[row]!, reason[row]!)
    }
  }

  /** What has left since this was last asked. */
  #taken(): TakenRows {
    const [refused, dropped] = [this.#refused, this.#dropped]
    this.#refused = []
    this.#dropped = []
    const merges = this.#onward?.take()
    const { isDeferring } = this.#shard
    if (!isDeferring) this.#read = this.#links.read
    const traced = this.#traced.take()
    return { refused, dropped, batches: this.#filled.splice(0), merges, traced, isDeferring, read: this.#read }
  }
}

/** Finished here, where its records were just written, so that the main thread reads none of them. */
function sentBatchOf(batch: OutputBatch): SentBatch {
  const { memory, partition, position, count, baseTimestamp, maxTimestamp } = batch
  return { memory, partition, position, count, baseTimestamp, maxTimestamp, finished: batch.finish() }
}

/** Of the current epoch. */
type Counts = PartitionCounts & { mergedRows: number }

function countsOf(partitionCount: number): Counts {
  return { ...noCounts(partitionCount), mergedRows: 0 }
}

/** The greatest timestamp of rows, of those that are believed. */
function highestOf({ count, timestamp }: RecordColumns, latestMs: number): number {
  let highest = -Infinity
  for (let row = 0; row < count; row++) {
    if (timestamp[row]! > highest && timestamp[row]! <= latestMs) highest = timestamp[row]!
  }
  return highest
}

/** Drops rows whose offsets are not among those, which are in order as the rows are. */
function keepPending(columns: RecordColumns, offsets: Float64Array): void {
  let at = 0
  columns.keep((offset) => {
    while (at < offsets.length && offsets[at]! < offset) at++
    return offsets[at] === offset
  })
}
