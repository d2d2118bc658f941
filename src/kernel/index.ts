export { type AbortedTransaction, BatchReader, type FetchedPartition } from './batch-reader.ts'
export { ByteCursor } from './byte-cursor.ts'
export { partitionsMax } from './block.ts'
export { columnsRowsMax } from './constants/columns.ts'
export { parentBytes, randomAt, randomDigits, sampledAt } from './constants/trace-parent.ts'
export { endWithin, noSide, RecordColumns, type RecordOrigin, rowFlags, sourceSlackBytes } from './columns.ts'
export {
  deadLetterReasons,
  duplicateReasons,
  functionReasons,
  isOfResult,
  isOfRow,
  Reason,
} from './dead-letter-reason.ts'
export { type DecodedSide, Decoder, type PartSource } from './decoder.ts'
export { comparedKey } from './keys/compared-key.ts'
export type { KeyPlace } from './keys/key-place.ts'
export { RowKeys } from './keys/row-keys.ts'
export { ColdIndex } from './cold/cold-index.ts'
export { copyBytes } from './copy-bytes.ts'
export type { CutBatch } from './table-shard.ts'
export { codecs, compress } from './compress.ts'
export { decompress } from './decompress.ts'
export { encodeJsonString, type FieldPath, ShapedJson } from './json/index.ts'
export { decodeKeys, encodeKeys } from './key-codec.ts'
export { murmur2 } from './murmur2.ts'
export { decodeOffsets, encodeOffsets } from './offset-codec.ts'
export { OffsetSet } from './offset-set.ts'
export {
  encodeOrigins,
  originsHeaderName,
  partsFrom,
  type PartOrigin,
  readOrigins,
  type SideOrigin,
} from './origins.ts'
export { type FinishedRecords, noProducer, OutputBatch, varintLength, writeVarint } from './output-batch.ts'
export { OutputBuilder } from './output-builder.ts'
export { recordBatchOf } from './record-batch.ts'
export {
  contentBytes,
  noHeaders,
  noTimestamp,
  type PlainRecord,
  plainRecord,
  writePlainRecord,
} from './plain-record.ts'
export { RecordFrame } from './record-frame.ts'
export { RecordPlace } from './record-place.ts'
export { GrowableBytes } from './growable-bytes.ts'
export { blankRecord, type HandedRecord } from './handed-record.ts'
export { HeaderFinder } from './header-finder.ts'
export { TRACED } from './constants/carried.ts'
export { mergeSpanIdAt } from './constants/traced-merge.ts'
export { type EventTemplate, type PartTemplate, type SpanTemplates, SpanWriter } from './span-writer.ts'
export { endOfMerges, isFollowed, readTracedMerges, tracedMerge } from './traced-merges.ts'
export { listPartsMax } from './constants/block.ts'
export { LEFT_OUT, PUBLISHED } from './constants/outcome.ts'
export type { PartRoutes, RoutedTopic } from './part-routes.ts'
export { PendingTable } from './pending-table.ts'
export type { PendingTableOptions, Publication } from './pending-table-options.ts'
export type { CompletedCounts, TableTasks } from './completed-numbers.ts'
export { type ComparedKey, noCounts, type PartitionCounts, type TableCounts } from './table-counts.ts'
export { encodeHeader, headerOf, headersBefore, headersOf, headersWithout } from './record-headers.ts'
export {
  isProgress,
  passOverProgress,
  progressRecord,
  readRoutedPlace,
  routedBytesMax,
  routedHeaders,
  RoutedParts,
} from './routed-part.ts'
export { RowTimestamps } from './row-timestamps.ts'
export { type ShardPlace, TableShard } from './table-shard.ts'
export { TableMemory } from './table-memory.ts'
export type { CarryingPart, PendingRow, StoredPart } from './pending-row.ts'
export { KEPT, REPLACED, rowKeyBytesMax, threadsMax, TOMBSTONE } from './constants/row-version.ts'
export { RowsReader } from './rows-reader.ts'
export { type KeyRange, rowBytesMax, type SharedRows, VersionedRows } from './versioned-rows.ts'
export type { Framing } from './values/framing.ts'
export type { Compression } from './values/opened-value.ts'
export { replaceValues } from './values/replaced-values.ts'
export { valueOpener } from './values/value-opener.ts'
