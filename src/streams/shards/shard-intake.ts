import { assert } from '../../core/assert.ts'
import { BatchReader, type FetchedPartition, noSide, sourceSlackBytes } from '../../kernel/index.ts'
import { divertRows } from '../dead-letters/diverted-rows.ts'
import type { Outputs } from '../operators/outputs.ts'
import type { EpochDoubt } from '../poison/epoch-doubt.ts'
import type { SourceStreaks } from '../poison/source-streaks.ts'
import type { Session } from '../recovery/session.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import type { ReadRecords, Reread, SharedPartition } from './shard-messages.ts'

export interface ShardIntakeParts {
  readonly services: Services
  readonly session: Session
  readonly outputs: Outputs
  readonly streaks: SourceStreaks
  readonly doubt: EpochDoubt
}

/** A piece of a partition that shards take in. */
interface Piece {
  readonly batch: RowBatch
  readonly fetched: FetchedPartition
  /** Whether its rows have been in epochs before. */
  readonly isReread: boolean
  /** Reasons of rows that were not taken in, by offset. */
  readonly refused: Map<number, number>
}

/**
 * What becomes of the records that shards take in, as the main thread accounts for it: what was passed over is counted,
 * and records that cannot be used are read once more here, for their dead letters.
 *
 * State: the pieces that shards are at, in the order in which they were given, which is that in which they end.
 */
export class ShardIntake {
  readonly #parts: ShardIntakeParts
  readonly #reader: BatchReader
  readonly #pieces: Piece[] = []

  constructor(parts: ShardIntakeParts) {
    this.#parts = parts
    this.#reader = new BatchReader(parts.services.options)
  }

  /** What a shard is to be given of a batch; one whose rows are pending is read again. */
  begin(batch: RowBatch): { records: SharedPartition; reread: Reread | undefined } {
    const { session } = this.#parts
    const { fetched } = batch
    assert(fetched !== undefined, 'a batch for shards is what was fetched')
    const isReread = !session.state.restoration.isDone
    this.#pieces.push({ batch, fetched, isReread, refused: new Map() })
    const { partition, fromOffset, nextOffset, aborted } = fetched
    const source = session.sources.partitions.sourceOf(partition)
    const records = { source, partition, fromOffset, nextOffset, aborted, ...shared(fetched) }
    return { records, reread: isReread ? { offsets: this.#missing(batch, fetched) } : undefined }
  }

  /** A row has not been taken in. */
  refuse(partition: number, offset: number, reason: number): void {
    const piece = this.#pieces.find(
      ({ fetched }) => fetched.partition === partition && offset >= fetched.fromOffset && offset < fetched.nextOffset,
    )
    assert(piece !== undefined, 'what is refused is being taken in')
    piece.refused.set(offset, reason)
  }

  /** A part has left the table. */
  drop(partition: number, offset: number, reason: number): void {
    const { services, outputs } = this.#parts
    outputs.deadLetters.encodeReference({ partition, offset }, reason, services.timeOfDay.nowMs())
  }

  /** Accounts for the oldest piece, which is in the table. */
  end(read: ReadRecords): void {
    const piece = this.#pieces.shift()!
    if (piece.isReread) this.#endReread(piece)
    else this.#endNew(piece, read)
    piece.batch.release()
  }

  #endReread({ batch, fetched, refused }: Piece): void {
    const { state, sources } = this.#parts.session
    const { partition } = fetched
    for (const offset of refused.keys()) throw state.readAgain.notTheSame(partition, offset)
    if (!sources.partitions.isRedriven(partition)) return
    this.#reader.open(fetched)
    while (this.#reader.fill(batch.columns)) sources.redriven.note(batch.columns)
  }

  #endNew(piece: Piece, read: ReadRecords): void {
    const { services, session, streaks, doubt } = this.#parts
    const { state, sources, lives } = session
    const { batch, fetched, refused } = piece
    const { partition, nextOffset } = fetched
    const { recordCount, lastTimestampMs } = read
    const counts = state.accounting.current
    counts.skipped[partition]! += nextOffset - counts.nextOffsets[partition]! - recordCount
    counts.nextOffsets[partition] = nextOffset
    if (recordCount > 0) services.meters.consumed(partition, lastTimestampMs)
    if (refused.size > 0 || sources.partitions.isRedriven(partition)) this.#readOnce(piece)
    else {
      batch.columns.count = recordCount
      doubt.note(recordCount, streaks.note(batch.columns, 0))
    }
    lives.current.partitionsBehind.note(partition, nextOffset < batch.endOffset)
  }

  /** Reads the records of a piece here, for what shards do not do. */
  #readOnce({ batch: { columns }, fetched, refused }: Piece): void {
    const { session, outputs, streaks, doubt } = this.#parts
    const { redriven } = session.sources
    const counts = session.state.accounting.current
    this.#reader.open(fetched)
    while (this.#reader.fill(columns)) {
      redriven.note(columns)
      for (let row = 0; row < columns.count; row++) {
        const reason = refused.get(columns.offset[row]!)
        columns.side[row] = reason === undefined ? 0 : noSide
        columns.reason[row] = reason ?? 0
        columns.flags[row] = 0
      }
      if (columns.origins !== undefined) redriven.count(columns, counts)
      const { letterCount } = divertRows(columns, counts, outputs.deadLetters)
      doubt.note(columns.count, streaks.note(columns, letterCount))
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

/** Where threads see the bytes: where they were fetched, or in a copy. */
function shared({ bytes, start, end }: FetchedPartition): Pick<SharedPartition, 'memory' | 'start' | 'end'> {
  if (bytes.buffer instanceof SharedArrayBuffer && bytes.byteOffset === 0) return { memory: bytes.buffer, start, end }
  const memory = new SharedArrayBuffer(end - start + sourceSlackBytes)
  new Uint8Array(memory).set(bytes.subarray(start, end))
  return { memory, start: 0, end: end - start }
}
