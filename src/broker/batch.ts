import { type ErrorCode, errorCode, readInt64, writeInt64 } from '../protocol/index.ts'
import { crc32c } from '@node-rs/crc32'

/** Where the fields of a record batch (format 2) lie, from its first byte. */
const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

/** Base offset and length: what stands before the bytes that the length counts. */
const prefixBytes = 12
export const headerBytes = 61

const compressionMask = 0x07
const zstd = 4
const logAppendTimeFlag = 0x08
const transactionalFlag = 0x10
const controlFlag = 0x20
const deleteHorizonFlag = 0x40

/** What the header of a batch says of its records. */
interface BatchContent {
  readonly compression: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly recordCount: number
  readonly hasDeleteHorizon: boolean
}

/** The header of a record batch, read from and stamped into the bytes where they lie. */
export const batchHeader = {
  baseOffset: (bytes: Buffer, start: number) => readInt64(bytes, start + at.baseOffset),
  sizeBytes: (bytes: Buffer, start: number) => prefixBytes + bytes.readInt32BE(start + at.length),
  lastOffset: (bytes: Buffer, start: number) =>
    readInt64(bytes, start + at.baseOffset) + bytes.readInt32BE(start + at.lastOffsetDelta),
  lastOffsetDelta: (bytes: Buffer, start: number) => bytes.readInt32BE(start + at.lastOffsetDelta),
  baseTimestamp: (bytes: Buffer, start: number) => readInt64(bytes, start + at.baseTimestamp),
  maxTimestamp: (bytes: Buffer, start: number) => readInt64(bytes, start + at.maxTimestamp),
  producerId: (bytes: Buffer, start: number) => readInt64(bytes, start + at.producerId),
  producerEpoch: (bytes: Buffer, start: number) => bytes.readInt16BE(start + at.producerEpoch),
  baseSequence: (bytes: Buffer, start: number) => bytes.readInt32BE(start + at.baseSequence),
  recordCount: (bytes: Buffer, start: number) => bytes.readInt32BE(start + at.recordCount),
  compression: (bytes: Buffer, start: number) => bytes.readInt16BE(start + at.attributes) & compressionMask,
  isTransactional: (bytes: Buffer, start: number) =>
    (bytes.readInt16BE(start + at.attributes) & transactionalFlag) !== 0,
  isLogAppendTime: (bytes: Buffer, start: number) =>
    (bytes.readInt16BE(start + at.attributes) & logAppendTimeFlag) !== 0,
  isControl: (bytes: Buffer, start: number) => (bytes.readInt16BE(start + at.attributes) & controlFlag) !== 0,
  /** When the tombstones in a batch, or the marker that it is, may go; `undefined` where that is not known yet. */
  deleteHorizonMs: (bytes: Buffer, start: number) =>
    (bytes.readInt16BE(start + at.attributes) & deleteHorizonFlag) === 0
      ? undefined
      : readInt64(bytes, start + at.baseTimestamp),

  /** States what a batch with the header of another one is, and its length and checksum. */
  describe(
    batch: Buffer,
    { compression, baseTimestamp, maxTimestamp, recordCount, hasDeleteHorizon }: BatchContent,
  ): void {
    const kept = batch.readInt16BE(at.attributes) & ~compressionMask & ~deleteHorizonFlag
    batch.writeInt16BE(kept | compression | (hasDeleteHorizon ? deleteHorizonFlag : 0), at.attributes)
    batch.writeInt32BE(batch.length - prefixBytes, at.length)
    writeInt64(batch, baseTimestamp, at.baseTimestamp)
    writeInt64(batch, maxTimestamp, at.maxTimestamp)
    batch.writeInt32BE(recordCount, at.recordCount)
    batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc)
  },

  /** Gives a batch its place in the log. The CRC does not cover these fields. */
  stamp(bytes: Buffer, start: number, baseOffset: number, leaderEpoch: number): void {
    writeInt64(bytes, baseOffset, start + at.baseOffset)
    bytes.writeInt32BE(leaderEpoch, start + at.leaderEpoch)
  },

  /** Says what the greatest timestamp of a batch is, and whether all of its records have that one. */
  stampTime(batch: Buffer, maxTimestamp: number, isLogAppendTime: boolean): void {
    const stamped = batch.readInt16BE(at.attributes)
    const attributes = isLogAppendTime ? stamped | logAppendTimeFlag : stamped & ~logAppendTimeFlag
    if (attributes === stamped && batchHeader.maxTimestamp(batch, 0) === maxTimestamp) return
    batch.writeInt16BE(attributes, at.attributes)
    writeInt64(batch, maxTimestamp, at.maxTimestamp)
    batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc)
  },
}

/**
 * Says what Kafka would answer to a producer that sends these bytes as the records of one partition, by the header of
 * the batch.
 */
export function checkProduced(
  bytes: Buffer | null,
  options: { sizeBytesMax: number; zstdAllowed: boolean },
): ErrorCode {
  if (bytes === null || bytes.length === 0) return errorCode.invalidRecord
  if (bytes.length <= at.magic) return errorCode.corruptMessage
  if (bytes[at.magic] !== 2) return errorCode.invalidRecord
  if (bytes.length < headerBytes) return errorCode.corruptMessage
  // Exactly one batch per partition and request.
  if (batchHeader.sizeBytes(bytes, 0) !== bytes.length) return errorCode.invalidRecord
  if (bytes.length > options.sizeBytesMax) return errorCode.messageTooLarge
  if (crc32c(bytes.subarray(at.attributes)) !== bytes.readUInt32BE(at.crc)) return errorCode.corruptMessage
  const count = batchHeader.recordCount(bytes, 0)
  if (batchHeader.isControl(bytes, 0) || count <= 0 || batchHeader.lastOffsetDelta(bytes, 0) !== count - 1) {
    return errorCode.invalidRecord
  }
  if (batchHeader.compression(bytes, 0) === zstd && !options.zstdAllowed) return errorCode.unsupportedCompressionType
  return errorCode.none
}
