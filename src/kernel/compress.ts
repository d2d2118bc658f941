// As one object: a Node.js that lacks zstd could not even load this module else, and say that it is too old.
import zlib from 'node:zlib'
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils'

/** Numbers of the codecs in a batch's attributes. */
export const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Compresses the records of a batch. */
export function compress(codec: number, body: Buffer, level?: number): Buffer {
  switch (codec) {
    case codecs.gzip:
      return zlib.gzipSync(body, level === undefined ? {} : { level })
    case codecs.snappy:
      return compressSnappy(body)
    case codecs.lz4:
      return lz4Compress(body)
    case codecs.zstd:
      return zlib.zstdCompressSync(
        body,
        level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } },
      )
    default:
      return body
  }
}

/** What begins a snappy stream of Java's: a magic text, and two versions. */
const xerialHeader = Buffer.from('82534e41505059000000000100000001', 'hex')
const snappyBlockBytes = 32 * 1024

function compressSnappy(body: Buffer): Buffer {
  const chunks: Buffer[] = [xerialHeader]
  for (let at = 0; at < body.length; at += snappyBlockBytes) {
    const block = snappyCompress(body.subarray(at, at + snappyBlockBytes))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    chunks.push(length, block)
  }
  return Buffer.concat(chunks)
}
