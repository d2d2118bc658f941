import { assert } from '../core/assert.ts'
import { batchHeader, headerBytes } from './batch.ts'

/** Numbers of the codecs in a batch's attributes. */
export const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Gives the bytes of a batch's records; `undefined` where they are compressed and cannot be opened. */
export type BatchOpener = (batch: Buffer) => Buffer | undefined

/** Opens batches and compresses their records. */
export interface BatchCodec {
  readonly open: BatchOpener
  /** @param level - Of gzip and zstd. */
  compress(codec: number, body: Buffer, level?: number): Buffer
}

/** For batches that are not compressed. */
export const plainCodec: BatchCodec = {
  open: (batch) => (batchHeader.compression(batch, 0) === codecs.none ? batch.subarray(headerBytes) : undefined),
  compress(codec, body) {
    assert(codec === codecs.none, 'codecs are loaded before something is compressed')
    return body
  },
}

const decompressedBytesMax = 64 * 1024 * 1024

/**
 * Loads what opens and makes compressed batches. The broker does so when it first has to look into one, because it
 * would start half as fast with it.
 */
export async function loadBatchCodec(): Promise<BatchCodec> {
  const { compress, decompress } = await import('../kernel/index.ts')
  return {
    open(batch) {
      const codec = batchHeader.compression(batch, 0)
      const body = batch.subarray(headerBytes)
      if (codec === codecs.none) return body
      try {
        const place = { partition: 0, offset: batchHeader.baseOffset(batch, 0) }
        const { bytes, length } = decompress(codec, body, { decompressedBytesMax }, place)
        return Buffer.from(bytes.buffer, bytes.byteOffset, length)
      } catch {
        return undefined
      }
    },
    compress,
  }
}
