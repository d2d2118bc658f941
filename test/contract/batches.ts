import { gzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'

export interface HandMadeRecord {
  readonly key?: string
  readonly value: string | null
  readonly timestamp?: number
}

interface BatchOptions {
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  /** Number and function of a codec. */
  readonly compression?: { readonly codec: number; readonly compress: (bytes: Buffer) => Buffer }
  readonly magic?: number
  /** Added to the right checksum. */
  readonly crcError?: number
}

/** The codec for which nothing has to be loaded. */
export const gzip = { codec: 1, compress: (bytes: Buffer): Buffer => gzipSync(bytes) }

const headerBytes = 61
const transactionalFlag = 0x10
/** The timestamp of records that name none. */
export const timestampMs = 1_790_000_000_000

/** An uncompressed record batch (format 2), made without any of the code under test. */
export function recordBatch(records: readonly (HandMadeRecord | string)[], options: BatchOptions = {}): Buffer {
  const given = records.map((record) => (typeof record === 'string' ? { value: record } : record))
  const timestamps = given.map((record) => record.timestamp ?? timestampMs)
  const plain = Buffer.concat(given.map((record, i) => encodeRecord(record, i, timestamps[i]! - timestamps[0]!)))
  const body = options.compression?.compress(plain) ?? plain
  const header = Buffer.alloc(headerBytes)
  header.writeInt32BE(headerBytes - 12 + body.length, 8)
  header.writeInt32BE(-1, 12)
  header.writeInt8(options.magic ?? 2, 16)
  const codec = options.compression?.codec ?? 0
  header.writeInt16BE(codec | (options.isTransactional === true ? transactionalFlag : 0), 21)
  header.writeInt32BE(given.length - 1, 23)
  header.writeBigInt64BE(BigInt(timestamps[0] ?? -1), 27)
  header.writeBigInt64BE(BigInt(Math.max(-1, ...timestamps)), 35)
  header.writeBigInt64BE(BigInt(options.producerId ?? -1), 43)
  header.writeInt16BE(options.producerEpoch ?? -1, 51)
  header.writeInt32BE(options.baseSequence ?? -1, 53)
  header.writeInt32BE(given.length, 57)
  const batch = Buffer.concat([header, body])
  batch.writeUInt32BE((crc32c(batch.subarray(21)) + (options.crcError ?? 0)) >>> 0, 17)
  return batch
}

/** Makes a batch lie in its header, with a checksum that is right. */
export function withHeader(batch: Buffer, write: (header: Buffer) => void): Buffer {
  const changed = Buffer.from(batch)
  write(changed)
  changed.writeUInt32BE(crc32c(changed.subarray(21)) >>> 0, 17)
  return changed
}

/** What one batch of a fetched log says, as far as tests ask. */
export interface FetchedBatch {
  readonly baseOffset: number
  readonly endOffset: number
  readonly isControl: boolean
  readonly values: string[]
  /** Of a control batch: whether it commits. */
  readonly isCommit: boolean
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Of the records, as their producer has stamped them. */
  readonly timestamps: number[]
}

/** Opens fetched bytes; an incomplete batch at the end is left out, as clients do. */
export function parseBatches(bytes: Buffer | null): FetchedBatch[] {
  const batches: FetchedBatch[] = []
  let rest = bytes ?? Buffer.alloc(0)
  while (rest.length >= headerBytes && rest.length >= 12 + rest.readInt32BE(8)) {
    const batch = rest.subarray(0, 12 + rest.readInt32BE(8))
    rest = rest.subarray(batch.length)
    const isControl = (batch.readInt16BE(21) & 0x20) !== 0
    const records = parseRecords(batch)
    const baseOffset = Number(batch.readBigInt64BE(0))
    batches.push({
      baseOffset,
      endOffset: baseOffset + batch.readInt32BE(23) + 1,
      isControl,
      values: isControl ? [] : records.map(({ value }) => value.toString()),
      isCommit: isControl && records[0]?.key.readInt16BE(2) === 1,
      attributes: batch.readInt16BE(21),
      baseTimestamp: Number(batch.readBigInt64BE(27)),
      maxTimestamp: Number(batch.readBigInt64BE(35)),
      producerId: Number(batch.readBigInt64BE(43)),
      producerEpoch: batch.readInt16BE(51),
      baseSequence: batch.readInt32BE(53),
      timestamps: records.map(({ timestamp }) => timestamp),
    })
  }
  return batches
}

function encodeRecord({ key, value }: HandMadeRecord, offsetDelta: number, timestampDelta: number): Buffer {
  const field = (text: string | null | undefined) =>
    text === undefined || text === null ? [varint(-1)] : [varint(Buffer.byteLength(text)), Buffer.from(text)]
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(timestampDelta),
    varint(offsetDelta),
    ...field(key),
    ...field(value),
    varint(0),
  ])
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  let zigzag = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  while (zigzag > 0x7fn) {
    bytes.push(Number(zigzag & 0x7fn) | 0x80)
    zigzag >>= 7n
  }
  return Buffer.from([...bytes, Number(zigzag)])
}

function parseRecords(batch: Buffer): { key: Buffer; value: Buffer; timestamp: number }[] {
  let at = headerBytes
  const next = () => {
    let zigzag = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = batch[at++]!
      zigzag |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((zigzag >> 1n) ^ -(zigzag & 1n))
    }
  }
  const field = () => {
    const length = Math.max(0, next())
    at += length
    return batch.subarray(at - length, at)
  }
  return Array.from({ length: batch.readInt32BE(57) }, () => {
    const length = next()
    const end = at + length
    at += 1
    const timestamp = Number(batch.readBigInt64BE(27)) + next()
    next()
    const record = { key: field(), value: field(), timestamp }
    at = end
    return record
  })
}
