import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { lz4Decompress, snappyDecompress } from '@platformatic/wasm-utils'
import { KafkaError } from '../core/errors.ts'
import { sourceSlackBytes } from './columns.ts'

/** How large a compressed batch may become. */
export interface DecompressionLimits {
  /** Bytes of one batch when opened. */
  decompressedBytesMax: number
}

export interface Decompressed {
  /** The records, with `sourceSlackBytes` behind them. */
  bytes: Uint8Array
  view: DataView
  length: number
}

/** Numbers of the codecs in a batch's attributes. */
const codecs = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/**
 * Opens the records of a compressed batch.
 *
 * @throws KafkaError `KAFKA_BATCH_TOO_LARGE` above the limit, `KAFKA_BATCH_CORRUPT` where the codec refuses the bytes.
 */
export function decompress(codec: number, compressed: Buffer, limits: DecompressionLimits): Decompressed {
  const { decompressedBytesMax } = limits
  let opened: Uint8Array
  try {
    switch (codec) {
      case codecs.gzip:
        opened = gunzipSync(compressed, { maxOutputLength: decompressedBytesMax })
        break
      case codecs.snappy:
        opened = openSnappy(compressed, decompressedBytesMax)
        break
      case codecs.lz4:
        checkSize(lz4SizeBound(compressed), decompressedBytesMax)
        opened = lz4Decompress(compressed)
        break
      case codecs.zstd:
        opened = zstdDecompressSync(compressed, { maxOutputLength: decompressedBytesMax })
        break
      default:
        throw new Error(`codec ${codec} is unknown`)
    }
  } catch (error) {
    if (KafkaError.is(error)) throw error
    // The codecs' own limit: `maxOutputLength` of node:zlib.
    if (error instanceof RangeError) throw tooLarge(decompressedBytesMax)
    throw new KafkaError('KAFKA_BATCH_CORRUPT', 'a compressed record batch cannot be opened', { codec }, error)
  }
  return withSlack(opened)
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
  for (let at = xerialHeaderBytes; at < compressed.length; ) {
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

/**
 * What an LZ4 frame can become at most: its number of blocks times its block size.
 *
 * @see LZ4 frame format description, 1.6
 */
function lz4SizeBound(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== lz4Magic) throw new Error('not an LZ4 frame')
  const flags = frame.readUInt8(4)
  const blockBytes = lz4BlockBytes[(frame.readUInt8(5) >> 4) & 7]!
  const hasBlockChecksums = (flags & 0x10) !== 0
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0)
  let bound = 0
  for (let size = frame.readUInt32LE(at); size !== 0; size = frame.readUInt32LE(at)) {
    bound += blockBytes
    at += 4 + (size & 0x7fffffff) + (hasBlockChecksums ? 4 : 0)
  }
  return bound
}

function checkSize(size: number, bytesMax: number): void {
  if (size > bytesMax) throw tooLarge(bytesMax)
}

function tooLarge(bytesMax: number): KafkaError {
  return new KafkaError(
    'KAFKA_BATCH_TOO_LARGE',
    `a compressed record batch opens to more than ${bytesMax} bytes; raise decompressedBytesMax if the source is trusted`,
    { decompressedBytesMax: bytesMax },
  )
}
