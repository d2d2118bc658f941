export { type AbortedTransaction, BatchReader, type FetchedPartition } from './batch-reader.ts'
export { partitionsMax } from './block.ts'
export { columnsRowsMax, noSide, RecordColumns, rowFlags, sourceSlackBytes } from './columns.ts'
export { deadLetterReasons, Reason } from './dead-letter-reason.ts'
export { Decoder, type DecoderOptions, type PartSource } from './decoder.ts'
export type { DecompressionLimits } from './decompress.ts'
export { encodeJsonString } from './json/index.ts'
export { MergeEncoder, type MergeShape } from './merge.ts'
export { OutputBatch, type ProducerStamp, varintLength, writeVarint } from './output-batch.ts'
export { OutputBuilder } from './output-builder.ts'
export {
  PendingTable,
  type PendingTableOptions,
  type RowCompleted,
  type StoredPart,
  type TableCounts,
} from './pending-table.ts'
