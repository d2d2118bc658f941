import type { Reply } from '../../actors/index.ts'
import type {
  AbortedTransaction,
  CutBatch,
  DecodedSide,
  FieldPath,
  FinishedRecords,
  PartitionCounts,
  ShardPlace,
} from '../../kernel/index.ts'
import type { SweepState } from '../expiry/table-sweep.ts'
import type { ProgramTableOptions } from '../recovery/table-options.ts'
import type { Expiry } from '../topology/plan-leaving.ts'
import type { Sink, SinkHeaders } from '../topology/sink.ts'
import type { TracedMerges } from './traced-in-shard.ts'
import type { CompletedInShard } from './completed-in-shard.ts'
import type { KeptKeys } from './shard-keys.ts'
import type { SharedLinks } from './shard-links.ts'
import type { Verdicts } from './verdicts.ts'

/** What a shard is made of. It is data: it crosses to the thread. */
export interface ShardSetup {
  readonly place: ShardPlace
  /** Source partitions that there are. */
  readonly partitionCount: number
  /** `bytesMax` is its share. */
  readonly table: ProgramTableOptions
  readonly decompressedBytesMax: number
  readonly sideNames: readonly string[]
  /** By number of the source. */
  readonly decoders: readonly ShardDecoder[]
  /** Which traces parts carry: all of them, because a sink wants them, and the share that is followed; 0 for none. */
  readonly traces: { readonly areWanted: boolean; readonly followedRatio: number }
  readonly keyName: string
  /** How long rows wait for optional sides; absent where none are. */
  readonly withinMs: number | undefined
  /** Absent where rows do not expire. */
  readonly expiry: Expiry | undefined
  readonly sink: {
    readonly partitionCount: number
    readonly batchBytes: number
    readonly recordBytesMax: number
    /** What batches are compressed with: a number of `codecs`. */
    readonly codec: number
    /** Whether its records are other than the table writes them: by these two. */
    readonly isHandedOver: boolean
    /** Whether the main thread writes them, because functions, several sinks or the like come after the merge. */
    readonly isOnward: boolean
    readonly headers: SinkHeaders
    readonly timestamp: Sink['timestamp']
  }
}

/** How the records of a source are decoded. */
export interface ShardDecoder {
  /** Where the side of a record stands, or the side of all. */
  readonly route: FieldPath | number
  readonly sides: readonly DecodedSide[]
  readonly depthMax: number
  readonly keyBytesMax: number
}

/** Record batches of a source partition, as they were fetched into memory that all threads see. */
export interface SharedPartition {
  /** Number of its source. */
  readonly source: number
  readonly partition: number
  readonly memory: SharedArrayBuffer
  readonly start: number
  readonly end: number
  readonly fromOffset: number
  readonly nextOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** Timestamps beyond are not believed; absent where records tell no time. */
  readonly latestMs?: number
}

/** A batch of merged records as the main thread is told of it: nothing but a header is to be written. */
export interface SentBatch {
  /** Is the main thread's until it comes back with further records. */
  readonly memory: ArrayBufferLike
  readonly partition: number
  readonly position: number
  readonly count: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly finished: FinishedRecords
}

/** What came of rows. */
export interface TakenRows {
  /** Source partition, or its lane, offset and reason of each row that was not taken in, one after the other. */
  readonly refused: readonly number[]
  /** The same of each part that has left the table without being merged. */
  readonly dropped: readonly number[]
  readonly batches: readonly SentBatch[]
  /** Merges that the main thread is to write, as `MergesOnward` has made bytes of them; absent where it writes none. */
  readonly merges: Uint8Array | undefined
  /** Merges that the shard has published whose traces are followed. */
  readonly traced: TracedMerges | undefined
  /** Whether rows are deferred until it is known what has become of merges: then it is to be asked again. */
  readonly isDeferring: boolean
  /** By shard: the position in its ring up to which what it has cut out is taken in; as of when no rows were deferred. */
  readonly read: readonly number[]
}

/** What was read of a partition. */
export interface ReadRecords {
  readonly recordCount: number
  /** Of the last record; NaN where there is none. */
  readonly lastTimestampMs: number
  /** The greatest timestamp that is believed; -Infinity where there is none, or none was asked for. */
  readonly highestMs: number
}

/** What came of records. */
export interface TakenRecords extends TakenRows, ReadRecords {
  /** By shard: the position in the ring to it after what was cut out for it. */
  readonly written: readonly number[]
}

/** Which parts of a chunk of offsets became pending or ceased to be, as a table tells it. */
export interface ShardChange {
  readonly partition: number
  readonly chunk: number
  readonly bits: Int32Array
  readonly added: number
  readonly growth: readonly [low: number, high: number]
}

/** What an epoch has come to in a shard. */
export interface ClosedShard {
  readonly counts: PartitionCounts
  readonly changes: readonly ShardChange[]
  /** Rows that were merged. */
  readonly mergedRows: number
  readonly rowCount: number
  /** Bytes of its parts, and of all of its memory. */
  readonly liveBytes: number
  readonly memoryBytes: number
  /** Rows that have left without being merged, as `LeftRows` has made bytes of them. */
  readonly left: Uint8Array
  readonly sweep: SweepState
  /** As the shard tells them, with those of merges that are refused; without, as they come out of `ShardedTable`. */
  readonly completed: CompletedInShard
  /** Whether a pass over rows that lack optional sides has not ended. */
  readonly isPassing: boolean
  readonly taken: TakenRows
}

/** What is done with the rows of an epoch before it closes. */
export interface Closing {
  /** The time by which rows expire. */
  readonly nowMs: number
  /** By the clock that rows wait by for optional sides. */
  readonly monotonicMs: number
  /** Bytes that the rows of a shard may take which leave without being merged. */
  readonly roomBytes: number
}

/** What is known of rows that wait for optional sides. */
export interface LookedAt {
  /** Whether a row is to be merged without them. */
  readonly isDue: boolean
  readonly isPassing: boolean
}

/** What shards are told. `life` counts their common beginnings: what is of another life is answered by `undefined`. */
export type ShardMessage =
  /** Takes back all that has not committed; answers whether the shard has nothing that was before. */
  | { readonly type: 'begin'; readonly life: number; readonly links: SharedLinks; readonly reply: Reply<boolean> }
  /**
   * Drops all rows and completed keys, and takes its own of these. Where what is pending is read again it may take more
   * than is allowed, until an epoch is closed.
   */
  | {
      readonly type: 'empty'
      readonly life: number
      readonly areRowsRead: boolean
      readonly keys: readonly KeptKeys[]
      /** Those with numbers below are forgotten. */
      readonly forgotten: number
      readonly reply: Reply<boolean | undefined>
    }
  /** Which timestamps the sink takes from now on. */
  | {
      readonly type: 'times'
      readonly life: number
      readonly earliestMs: number
      readonly latestMs: number
      /** The time of day. */
      readonly nowMs: number
    }
  | {
      readonly type: 'take'
      readonly life: number
      readonly records: SharedPartition
      /** Offsets of rows that are read again, because shards do not have them, in their order; undefined where all are new. */
      readonly reread: Float64Array | undefined
      /** Memory of batches that comes back. */
      readonly returned: readonly ArrayBufferLike[]
      readonly reply: Reply<TakenRecords | undefined>
    }
  /** Takes in rows of its own keys, which were made ready elsewhere. */
  | {
      readonly type: 'takeRows'
      readonly life: number
      readonly batch: CutBatch
      /** How many lanes their partition has. */
      readonly laneCount: number
      readonly reply: Reply<TakenRows | undefined>
    }
  /** Takes in what others have cut out. */
  | { readonly type: 'takeCut'; readonly life: number; readonly reply: Reply<TakenRows | undefined> }
  | {
      readonly type: 'close'
      readonly life: number
      /** Absent of an epoch of rows that are read again. */
      readonly closing: Closing | undefined
      readonly reply: Reply<ClosedShard | undefined>
    }
  /** Looks at rows that wait for optional sides, while no epoch is open. */
  | {
      readonly type: 'look'
      readonly life: number
      readonly monotonicMs: number
      readonly reply: Reply<LookedAt | undefined>
    }
  /** What has become of the next merges that the shard has handed on. */
  | { readonly type: 'judged'; readonly life: number; readonly verdicts: Verdicts }
  /** What has become of the completed keys of the epoch that was closed, before anything comes of the next one. */
  | { readonly type: 'number'; readonly life: number; readonly from: number; readonly forgotten: number }
  | { readonly type: 'commit'; readonly life: number }
