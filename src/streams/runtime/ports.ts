import type { MillraceError } from '../../core/errors.ts'
import type { FetchedResponse, RecordRate, Topic, TopicPartition } from '../../kafka/index.ts'
import type { FetchedPartition, OutputBatch, RecordColumns } from '../../kernel/index.ts'
import type { PromotedVisit } from '../retention/promoted-reader.ts'
import type { PromotedPlaces, WantedParts } from '../retention/promoted-places.ts'

/** All that operators ask of Kafka. They can be run on anything else that does the same. */
export interface Ports {
  readonly newProducer: (events: ProducerEvents) => EpochProducer
  readonly newFetcher: (options: FetcherOptions, events: FetcherEvents) => SourceFetcher
  /** Number of the last epoch whose manifest is in the checkpoint topic; 0 when there is none. */
  readonly lastEpoch: () => Promise<number>
  readonly sourceLog: SourceLog
  /** Reads promoted parts from the checkpoint topic, each once, in pieces that `visit` is done with before the next. */
  readonly promotedParts: (places: PromotedPlaces, wanted: WantedParts, visit: PromotedVisit) => Promise<void>
}

/** Writes each epoch as one transaction. */
export interface EpochProducer {
  /** Becomes the only producer of the program. Resolves once all is written that says how the last epoch ended. */
  begin(): Promise<void>
  /** Queues a batch of the current epoch; it belongs to the producer until `onStored`. */
  send(batch: OutputBatch, onStored: () => void): void
  /** Commits what was sent, together with offsets of the sources. */
  commit(offsets: readonly SourceOffsets[]): Promise<void>
  stop(): void
}

export interface SourceOffsets {
  readonly topic: string
  /** Offset to consume next, by partition. */
  readonly offsets: number[]
}

export interface ProducerEvents {
  /** The current epoch cannot commit. */
  onFailed(error: MillraceError): void
  /** A broker takes nothing for so long. */
  onThrottled(throttleMs: number): void
}

/** Reads the sources from all their leaders. */
export interface SourceFetcher {
  start(): void
  /** No response is given on any more. */
  stop(): void
}

export interface FetcherOptions {
  /** By number. */
  readonly partitions: readonly TopicPartition[]
  /** The offset to read first, by number of the partition. */
  readonly firstOffsets: readonly number[]
  /** How fast each may be read, likewise; absent where nothing bounds it. */
  readonly rates?: readonly (RecordRate | undefined)[] | undefined
  /** Whether threads are to see what was fetched. @defaultValue false */
  readonly isShared?: boolean
}

export interface FetcherEvents {
  onFetched(response: FetchedResponse): void
  onFailed(error: MillraceError): void
}

/** The logs of the sources, and the topics of the sinks, as brokers tell of them. */
export interface SourceLog {
  /** Asks which partitions the sources have now. */
  topics(): Promise<readonly Topic[]>
  /** Asks which partitions the topics of merged records have now, in the order of the plan. */
  sinks(): Promise<readonly Topic[]>
  /** Offsets of the first records, by partition. */
  starts(topic: Topic): Promise<number[]>
  /** Offsets after the last records, by partition. */
  ends(topic: Topic): Promise<number[]>
  /** By partition, the first offset of this time or later. */
  offsetsAt(topic: Topic, timestampMs: number): Promise<number[]>
  /** Settings of a topic by their names, in the order asked for. */
  settings(topic: Topic, ...names: readonly string[]): Promise<readonly (string | undefined)[]>
  /**
   * Reads a range of offsets of a partition once more, and perhaps some after it, without waiting behind what is
   * fetched. Columns are valid until `visit` returns.
   */
  read(topic: Topic, range: PartitionRange, visit: (columns: RecordColumns) => void): Promise<void>
  /**
   * The same in record batches as they were fetched, which are valid until what `visit` returns is settled.
   */
  readPieces(topic: Topic, range: PartitionRange, visit: (piece: FetchedPartition) => Promise<void>): Promise<void>
}

export interface PartitionRange {
  readonly partition: number
  readonly first: number
  readonly end: number
}
