import { gunzipSync } from 'node:zlib'
import { lz4Decompress, snappyDecompress } from '@platformatic/wasm-utils'
import { KafkaError } from '../core/errors.ts'
import { sourceSlackBytes } from './columns.ts'
import { codecs } from './compress.ts'
import { openZstd, tooLargeCode } from './open-zstd.ts'

/** How large a compressed batch may become. */
export interface DecompressionLimits {
  /** Bytes of one batch when opened. */
  decompressedBytesMax: number
}

/** Where a batch came from, for errors. */
export interface BatchPlace {
  partition: number
  offset: number
}

export interface Decompressed {
  /** The records, with `sourceSlackBytes` after them. */
  bytes: Uint8Array
  view: DataView
  length: number
}

/**
 * Opens the records of a compressed batch.
 *
 * @throws KafkaError `KAFKA_BATCH_TOO_LARGE` above the limit, `KAFKA_BATCH_CORRUPT` where the codec refuses the bytes.
 */
export function decompress(
  codec: number,
  compressed: Buffer,
  { decompressedBytesMax }: DecompressionLimits,
  { partition, offset }: BatchPlace,
): Decompressed {
  try {
    return withSlack(open(codec, compressed, decompressedBytesMax))
  } catch (error) {
    const batch = `the compressed record batch at offset ${offset} of source partition ${partition}`
    if (error instanceof Error && 'code' in error && error.code === tooLargeCode) {
      throw new KafkaError(
        'KAFKA_BATCH_TOO_LARGE',
        `${batch} opens to more than ${decompressedBytesMax} bytes; raise decompressedBytesMax if the source is trusted`,
        { partition, offset, decompressedBytesMax },
      )
    }
    throw new KafkaError('KAFKA_BATCH_CORRUPT', `${batch} cannot be opened`, { partition, offset, codec }, error)
  }
}

function open(codec: number, compressed: Buffer, bytesMax: number): Uint8Array {
  switch (codec) {
    case codecs.gzip:
      return gunzipSync(compressed, { maxOutputLength: bytesMax })
    case codecs.snappy:
      return openSnappy(compressed, bytesMax)
    case codecs.lz4:
      return openLz4(compressed, bytesMax)
    case codecs.zstd:
      return openZstd(compressed, bytesMax)
    default:
      throw new Error(`codec ${codec} is unknown`)
  }
}

function withSlack(opened: Uint8Array): Decompressed {
  const bytes = new Uint8Array(opened.length + sourceSlackBytes)
  bytes.set(opened)
  return { bytes, view: new DataView(bytes.buffer), length: opened.length }
}

// Java's snappy streams: a 16-byte header, then chunks of (length, raw snappy).
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const xerialHeaderBytes = 16

function openSnappy(compressed: Buffer, bytesMax: number): Uint8Array {
  if (!compressed.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    checkSize(snappySize(compressed), bytesMax)
    return snappyDecompress(compressed)
  }
  const chunks: Buffer[] = []
  let size = 0
  for (let at = xerialHeaderBytes; at < compressed.length;) {
    const chunk = compressed.subarray(at + 4, at + 4 + compressed.readUInt32BE(at))
    size += snappySize(chunk)
    checkSize(size, bytesMax)
    chunks.push(snappyDecompress(chunk))
    at += 4 + chunk.length
  }
  return Buffer.concat(chunks)
}

/** The length a raw snappy block declares: an unsigned varint at its front. */
function snappySize(block: Buffer): number {
  let size = 0
  for (let i = 0, scale = 1; i < 5; i++, scale *= 128) {
    const byte = block.readUInt8(i)
    size += (byte & 127) * scale
    if (byte < 128) return size
  }
  throw new Error('a snappy block declares no length')
}

const lz4Magic = 0x184d2204
const lz4BlockBytes = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22]

function openLz4(frame: Buffer, bytesMax: number): Uint8Array {
  checkSize(lz4FilledBytes(frame), bytesMax)
  const opened = lz4Decompress(frame)
  checkSize(opened.length, bytesMax)
  return opened
}

/**
 * What the blocks of an LZ4 frame open to at most, without the last: that one is no larger than 4 MiB, and the only one
 * that writers do not fill.
 *
 * @see LZ4 frame format description, 1.6
 */
function lz4FilledBytes(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== lz4Magic) throw new Error('not an LZ4 frame')
  const flags = frame.readUInt8(4)
  const blockBytes = lz4BlockBytes[(frame.readUInt8(5) >> 4) & 7]!
  const hasBlockChecksums = (flags & 0x10) !== 0
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0)
  let blockCount = 0
  for (let size = frame.readUInt32LE(at); size !== 0; size = frame.readUInt32LE(at)) {
    blockCount++
    at += 4 + (size & 0x7fffffff) + (hasBlockChecksums ? 4 : 0)
  }
  return Math.max(0, blockCount - 1) * blockBytes
}

function checkSize(size: number, bytesMax: number): void {
  if (size > bytesMax) throw Object.assign(new Error(`opens to ${size} bytes`), { code: tooLargeCode })
}
