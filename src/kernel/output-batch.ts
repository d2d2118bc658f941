import { crc32c } from '@node-rs/crc32'
import { codecs, compress } from './compress.ts'

/** Bytes of a record batch before its records (magic 2). */
export const batchHeaderBytes = 61

const attributesTransactional = 16

/** Bytes of memory after a batch, because parts are copied four at a time. */
export const slackBytes = 8

/** Who sends a batch: stamped late, because these come with the end of the transaction before. */
export interface ProducerStamp {
  producerId: bigint
  epoch: number
  sequence: number
  isTransactional: boolean
}

/** The stamp of batches that are neither numbered nor in a transaction. */
export const noProducer: ProducerStamp = { producerId: -1n, epoch: -1, sequence: -1, isTransactional: false }

/**
 * One record batch being filled, encoded as Kafka stores it. The header is written by `seal`.
 *
 * @see Kafka protocol guide, "Record batch"
 */
export class OutputBatch {
  /** What its bytes lie in: all its own, by which it goes to another thread, where its builder reserves none. */
  readonly memory: ArrayBuffer
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly buffer: Buffer
  /** What its records are compressed with when it is sealed: a number of `codecs`. */
  readonly codec: number
  /** The records as they were compressed; undefined before, and where that would not make them smaller. */
  #compressed: Buffer | undefined
  #isTried = false
  /** Index of the sink in the plan. */
  sink = 0
  partition = 0
  position = batchHeaderBytes
  count = 0
  baseTimestamp = 0
  maxTimestamp = 0

  /** @param memory - That it takes up from `at` on, with its slack. @defaultValue its own */
  constructor(capacity: number, codec: number = codecs.none, memory = new ArrayBuffer(capacity + slackBytes), at = 0) {
    this.codec = codec
    this.memory = memory
    this.bytes = new Uint8Array(memory, at, capacity)
    this.view = new DataView(memory, at, capacity + slackBytes)
    this.buffer = Buffer.from(memory, at, capacity)
  }

  /** A batch in the memory of another one, which came from another thread. */
  static over(memory: ArrayBuffer, codec?: number): OutputBatch {
    return new OutputBatch(memory.byteLength - slackBytes, codec, memory)
  }

  get capacity(): number {
    return this.bytes.length
  }

  reset(sink: number, partition: number): void {
    this.sink = sink
    this.partition = partition
    this.position = batchHeaderBytes
    this.count = 0
    this.#compressed = undefined
    this.#isTried = false
  }

  /**
   * Writes the header and the checksum, and gives the batch as it is sent. May be called again with another stamp, and
   * compresses once.
   */
  seal(stamp: ProducerStamp): Buffer {
    const compressed = this.#compress()
    if (compressed === undefined) return this.#writeHeader(stamp, this.view, this.buffer.subarray(0, this.position), 0)
    return this.#writeHeader(stamp, viewOf(compressed), compressed, this.codec)
  }

  /** With room for the header before them. */
  #compress(): Buffer | undefined {
    if (this.codec === codecs.none || this.#isTried) return this.#compressed
    this.#isTried = true
    const records = this.buffer.subarray(batchHeaderBytes, this.position)
    const compressed = compress(this.codec, records)
    // A topic takes batches of a size, for which only records that are not compressed are measured.
    if (compressed.length < records.length) {
      this.#compressed = Buffer.concat([Buffer.alloc(batchHeaderBytes), compressed])
    }
    return this.#compressed
  }

  #writeHeader(
    { producerId, epoch, sequence, isTransactional }: ProducerStamp,
    view: DataView,
    batch: Buffer,
    codec: number,
  ): Buffer {
    const end = batch.length
    view.setBigInt64(0, 0n)
    view.setInt32(8, end - 12)
    view.setInt32(12, -1)
    view.setInt8(16, 2)
    view.setInt16(21, codec | (isTransactional ? attributesTransactional : 0))
    view.setInt32(23, this.count - 1)
    view.setBigInt64(27, BigInt(this.baseTimestamp))
    view.setBigInt64(35, BigInt(this.maxTimestamp))
    view.setBigInt64(43, producerId)
    view.setInt16(51, epoch)
    view.setInt32(53, sequence)
    view.setInt32(57, this.count)
    view.setUint32(17, crc32c(batch.subarray(21)))
    return batch
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

/** Bytes of a number as a zigzag varint; exact for integers up to 2^52 in size. */
export function varintLength(value: number): number {
  if (value >= -0x40000000 && value <= 0x3fffffff) {
    const zigzag = (value << 1) ^ (value >> 31)
    return zigzag >>> 7 === 0 ? 1 : zigzag >>> 14 === 0 ? 2 : zigzag >>> 21 === 0 ? 3 : zigzag >>> 28 === 0 ? 4 : 5
  }
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  let length = 1
  while (rest >= 128) {
    rest = Math.floor(rest / 128)
    length++
  }
  return length
}

/** Writes a number as a zigzag varint and returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -0x40000000 && value <= 0x3fffffff) {
    let zigzag = (value << 1) ^ (value >> 31)
    while (zigzag >>> 7 !== 0) {
      bytes[at++] = (zigzag & 127) | 128
      zigzag >>>= 7
    }
    bytes[at++] = zigzag
    return at
  }
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  while (rest >= 128) {
    bytes[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  bytes[at++] = rest
  return at
}
