import { assert } from '../../core/assert.ts'
import { BatchReader, type FetchedPartition, noSide, type RecordColumns, sourceSlackBytes } from '../../kernel/index.ts'
import { divertRows } from '../dead-letters/diverted-rows.ts'
import { reachOffset } from '../epochs/reached-offsets.ts'
import { observedTimes } from '../expiry/observed-times.ts'
import { latestBelieved, refuseAhead } from '../expiry/timestamps-ahead.ts'
import type { Outputs } from '../operators/outputs.ts'
import type { EpochDoubt } from '../poison/epoch-doubt.ts'
import type { SourceStreaks } from '../poison/source-streaks.ts'
import type { Session } from '../recovery/session.ts'
import { DirectPromotion } from '../retention/direct-promotion.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { sourceOf } from '../topics/sources.ts'
import { firstWithoutSide, RowCutter } from './row-cutter.ts'
import type { ReadRecords, SharedPartition } from './shard-messages.ts'
import type { ShardedTable } from './sharded-table.ts'
import type { Shards } from './shards.ts'

export interface ShardIntakeParts {
  readonly services: Services
  readonly session: Session
  readonly shards: Shards
  readonly outputs: Outputs
  readonly streaks: SourceStreaks
  readonly doubt: EpochDoubt
}

interface Refusal {
  readonly reason: number
  /** Absent where the reason says it all. */
  readonly cause: string | undefined
}

/** By the number of the lane, which is that of the partition where it has one, and by offset. */
type RefusedRows = Map<number, Map<number, Refusal>>

/** A piece of a partition that shards take in. */
interface Piece {
  readonly batch: RowBatch
  /** Its first offset; the batch says which is the one after it. */
  readonly fromOffset: number
  /** Whether its rows have been in epochs before. */
  readonly isReread: boolean
  /** Timestamps beyond are not believed. */
  readonly latestMs: number
  /** What its rows tell of the time, where they are here. */
  readonly observed: RecordColumns['timestamp']
  /** Rows that were not taken in, or whose merge was refused, by their lanes and offsets. */
  readonly refused: RefusedRows
}

/**
 * What becomes of the records that shards take in, as the main thread accounts for it: what was passed over is counted,
 * and records that cannot be used become dead letters. Where shards read them, these are read once more here for that;
 * rows that the operators have made are still here.
 *
 * State: the pieces that shards are at, in the order in which they were given, which is that in which they end.
 */
export class ShardIntake {
  readonly #parts: ShardIntakeParts
  readonly #reader: BatchReader
  readonly #cutter: RowCutter
  readonly #directPromotion: DirectPromotion
  readonly #pieces: Piece[] = []

  constructor(parts: ShardIntakeParts) {
    const { services, session, shards } = parts
    this.#parts = parts
    this.#reader = new BatchReader(services.options)
    this.#cutter = new RowCutter(session, shards.count)
    this.#directPromotion = new DirectPromotion(services, session)
  }

  /**
   * Has shards take a batch in; where the table lacks pending rows, those of them that it has.
   *
   * @returns What was read; undefined where another life has begun meanwhile.
   */
  give(batch: RowBatch, table: ShardedTable): Promise<ReadRecords | undefined> {
    const isReread = !this.#parts.session.state.restoration.isDone
    const { services, session } = this.#parts
    const { columns, fetched, nextOffset } = batch
    const fromOffset = fetched?.fromOffset ?? columns.offset[0] ?? nextOffset
    const latestMs = latestBelieved(services, session.state)
    const observed = observedTimes(columns, sourceOf(services.plan, session.sources, columns.partition))
    const piece = { batch, fromOffset, isReread, latestMs, observed, refused: new Map<number, Map<number, Refusal>>() }
    this.#pieces.push(piece)
    return fetched === undefined ? this.#giveRows(piece, table) : this.#giveRecords(piece, fetched, table)
  }

  /** A row has not been taken in, or has completed a merge that was refused. */
  refuse(lane: number, offset: number, reason: number, cause?: string): void {
    const [partition] = this.#parts.session.sources.partitions.lanesOf(lane)
    const piece = this.#pieces.find(
      ({ batch, fromOffset }) =>
        batch.columns.partition === partition && offset >= fromOffset && offset < batch.nextOffset,
    )
    assert(piece !== undefined, 'what is refused is being taken in')
    const ofLane = piece.refused.get(lane) ?? new Map<number, Refusal>()
    piece.refused.set(lane, ofLane.set(offset, { reason, cause }))
  }

  /** A part has left the table. */
  drop(partition: number, offset: number, reason: number): void {
    const { services, outputs } = this.#parts
    outputs.deadLetters.encodeReference({ partition, offset }, reason, services.timeOfDay.nowMs())
  }

  /** Accounts for the oldest piece, which is in the table. */
  end(read: ReadRecords): void {
    const piece = this.#pieces.shift()!
    if (piece.isReread) this.#endReread(piece, read)
    else if (piece.batch.fetched === undefined) this.#endRows(piece)
    else this.#endRecords(piece, piece.batch.fetched, read)
    piece.batch.release()
  }

  #giveRecords({ batch, isReread, latestMs }: Piece, fetched: FetchedPartition, table: ShardedTable) {
    const { partition, fromOffset, nextOffset, aborted } = fetched
    const { state, sources } = this.#parts.session
    const source = sources.partitions.sourceOf(partition)
    const range = { source, partition, fromOffset, nextOffset, aborted, ...shared(fetched) }
    const records: SharedPartition = state.eventClock === undefined ? range : { ...range, latestMs }
    return table.take(records, isReread ? this.#missing(batch, fetched) : undefined)
  }

  async #giveRows(piece: Piece, table: ShardedTable): Promise<ReadRecords | undefined> {
    const { batch, isReread, latestMs } = piece
    const { columns } = batch
    const { state } = this.#parts.session
    const { count, partition, offset, timestamp } = columns
    const read = {
      recordCount: count,
      lastTimestampMs: count === 0 ? NaN : timestamp[count - 1]!,
      highestMs: -Infinity,
    }
    if (!isReread) {
      this.#directPromotion.refuse(columns)
      refuseAhead(columns, latestMs)
    }
    state.told?.take(columns)
    const row = isReread ? firstWithoutSide(columns) : undefined
    if (row !== undefined) throw state.readAgain.notTheSame(partition, offset[row]!)
    return (await table.takeRows(this.#cutter.cut(columns))) ? read : undefined
  }

  #endReread({ batch: { columns, fetched }, latestMs, observed, refused }: Piece, { highestMs }: ReadRecords): void {
    const { state, sources } = this.#parts.session
    const { partition, count } = columns
    for (const [lane, ofLane] of refused) {
      for (const offset of ofLane.keys()) throw state.readAgain.notTheSame(lane, offset)
    }
    const timestamp = fetched === undefined ? observed : Float64Array.of(highestMs)
    state.eventClock?.recall({ partition, timestamp, count: fetched === undefined ? count : 1 }, latestMs)
    if (fetched === undefined || !sources.partitions.isRedriven(partition)) return
    this.#reader.open(fetched)
    while (this.#reader.fill(columns)) sources.redriven.note(columns)
  }

  #endRows({ batch, latestMs, observed, refused }: Piece): void {
    const { services, session, outputs, streaks, doubt } = this.#parts
    const { state, sources, schedule } = session
    const { columns } = batch
    const { partition, count } = columns
    const counts = state.accounting.current
    takeRefused(columns, refused)
    reachOffset(counts, columns, count, batch.nextOffset, sources.partitions.lanesOf(partition))
    if (count > 0) services.meters.consumed(partition, columns.timestamp[count - 1]!)
    if (columns.origins !== undefined) sources.redriven.count(columns, counts, state.accounting.startOffsets)
    this.#directPromotion.take(columns)
    if (state.tables !== undefined) schedule.owe(state.tables.takeBatch())
    const { hasFailures, letterCount } = divertRows(columns, counts, outputs.deadLetters)
    const isPoisoned = streaks.note(columns, letterCount)
    doubt.note(count, hasFailures || isPoisoned)
    this.#noteReached(batch)
    const isBehind = batch.nextOffset < batch.endOffset
    state.eventClock?.observe({ partition, timestamp: observed, count }, latestMs, isBehind)
  }

  #endRecords(piece: Piece, fetched: FetchedPartition, read: ReadRecords): void {
    const { services, session, streaks, doubt } = this.#parts
    const { state, sources } = session
    const { batch, refused } = piece
    const { partition, nextOffset } = fetched
    const { recordCount, lastTimestampMs } = read
    const counts = state.accounting.current
    counts.skipped[partition]! += nextOffset - counts.nextOffsets[partition]! - recordCount
    counts.nextOffsets[partition] = nextOffset
    if (recordCount > 0) services.meters.consumed(partition, lastTimestampMs)
    if (refused.size > 0 || sources.partitions.isRedriven(partition)) this.#readOnce(piece, fetched)
    else {
      batch.columns.count = recordCount
      doubt.note(recordCount, streaks.note(batch.columns, 0))
    }
    this.#noteReached(batch)
    const timestamp = Float64Array.of(read.highestMs)
    state.eventClock?.observe({ partition, timestamp, count: 1 }, piece.latestMs, nextOffset < batch.endOffset)
  }

  #noteReached({ columns: { partition }, nextOffset, endOffset }: RowBatch): void {
    this.#parts.session.lives.current.partitionsBehind.note(partition, nextOffset < endOffset)
  }

  /** Reads the records of a piece here, for what shards do not do. */
  #readOnce({ batch: { columns }, refused }: Piece, fetched: FetchedPartition): void {
    const { session, outputs, streaks, doubt } = this.#parts
    const { redriven } = session.sources
    const { current: counts, startOffsets } = session.state.accounting
    this.#reader.open(fetched)
    while (this.#reader.fill(columns)) {
      redriven.note(columns)
      columns.side.fill(0, 0, columns.count)
      columns.reason.fill(0, 0, columns.count)
      columns.flags.fill(0, 0, columns.count)
      takeRefused(columns, refused)
      if (columns.origins !== undefined) redriven.count(columns, counts, startOffsets)
      const { hasFailures, letterCount } = divertRows(columns, counts, outputs.deadLetters)
      const isPoisoned = streaks.note(columns, letterCount)
      doubt.note(columns.count, hasFailures || isPoisoned)
    }
  }

  /** The offsets of a piece that the table lacks. */
  #missing({ isPromoted }: RowBatch, { partition, fromOffset, nextOffset }: FetchedPartition): Float64Array {
    const { restoration, pending } = this.#parts.session.state
    const isMissing = restoration.missing(partition, isPromoted)
    const set = pending.sets[partition]!
    const offsets: number[] = []
    let offset = set.firstFrom(fromOffset)
    while (offset !== undefined && offset < nextOffset) {
      if (isMissing(offset)) offsets.push(offset)
      offset = set.firstFrom(offset + 1)
    }
    return Float64Array.from(offsets)
  }
}

/** Takes their side from rows that were not taken in. */
function takeRefused(columns: RecordColumns, refused: RefusedRows): void {
  if (refused.size === 0) return
  const { count, offset, side, reason, causes } = columns
  for (let row = 0; row < count; row++) {
    const refusal = refused.get(columns.numberOf(row))?.get(offset[row]!)
    if (refusal === undefined) continue
    side[row] = noSide
    reason[row] = refusal.reason
    if (refusal.cause !== undefined) causes.set(row, refusal.cause)
  }
}

/** Where threads see the bytes: where they were fetched, or in a copy. */
function shared({ bytes, start, end }: FetchedPartition): Pick<SharedPartition, 'memory' | 'start' | 'end'> {
  if (bytes.buffer instanceof SharedArrayBuffer && bytes.byteOffset === 0) return { memory: bytes.buffer, start, end }
  const memory = new SharedArrayBuffer(end - start + sourceSlackBytes)
  new Uint8Array(memory).set(bytes.subarray(start, end))
  return { memory, start: 0, end: end - start }
}
