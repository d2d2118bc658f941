import { type BatchCodec, codecs } from './batch-codec.ts'
import { batchHeader, headerBytes } from './batch.ts'
import type { LogRecord } from './records.ts'
import { varint } from './varint-writer.ts'

interface RewriteOptions {
  readonly codec: BatchCodec
  /** When the tombstones in it, or the marker that it is, may go; `undefined` where nothing of it is to go. */
  readonly deleteHorizonMs: number | undefined
}

/** Makes a batch of some of the records of another, at the offsets and times that they have. */
export function withRecords(
  batch: Buffer,
  records: readonly LogRecord[],
  { codec, deleteHorizonMs }: RewriteOptions,
): Buffer {
  // The horizon stands in place of the first time, from which the others are counted.
  const baseTimestamp = deleteHorizonMs ?? records[0]!.timestamp
  const body = Buffer.concat(records.flatMap((record) => encode(record, baseTimestamp)))
  const compression = batchHeader.compression(batch, 0)
  const made = Buffer.concat([batch.subarray(0, headerBytes), codec.compress(compression, body)])
  batchHeader.describe(made, {
    compression,
    baseTimestamp,
    maxTimestamp: records.reduce((max, { timestamp }) => Math.max(max, timestamp), -1),
    recordCount: records.length,
    hasDeleteHorizon: deleteHorizonMs !== undefined,
  })
  return made
}

/** Leaves of a batch its header, which says what its producer did last. */
export function emptied(batch: Buffer): Buffer {
  if (batchHeader.recordCount(batch, 0) === 0) return batch
  const made = Buffer.from(batch.subarray(0, headerBytes))
  batchHeader.describe(made, {
    compression: codecs.none,
    baseTimestamp: -1,
    maxTimestamp: batchHeader.maxTimestamp(batch, 0),
    recordCount: 0,
    hasDeleteHorizon: false,
  })
  return made
}

/** Makes a batch of the same records in another codec. */
export function recompressed(batch: Buffer, compression: number, compressedBody: Buffer): Buffer {
  const made = Buffer.concat([batch.subarray(0, headerBytes), compressedBody])
  batchHeader.describe(made, {
    compression,
    baseTimestamp: batchHeader.baseTimestamp(batch, 0),
    maxTimestamp: batchHeader.maxTimestamp(batch, 0),
    recordCount: batchHeader.recordCount(batch, 0),
    hasDeleteHorizon: false,
  })
  return made
}

function encode({ attributes, timestamp, rest }: LogRecord, baseTimestamp: number): Buffer[] {
  const delta = varint(timestamp - baseTimestamp)
  return [varint(1 + delta.length + rest.length), Buffer.from([attributes]), delta, rest]
}
