import { crc32c } from '@node-rs/crc32'
import { codecs, compress } from './compress.ts'
import { copyBytes } from './copy-bytes.ts'
import { joinedChecksum } from './joined-checksum.ts'

/** Bytes of a record batch before its records (magic 2). */
export const batchHeaderBytes = 61

const attributesTransactional = 16
/** The checksum is of all from here on. */
const checkedFrom = 21

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

/** The records of a batch as they are sent, after the room for its header. */
export interface FinishedRecords {
  /** What they are compressed with: a number of `codecs`. */
  readonly codec: number
  /** Where they end. */
  readonly end: number
  readonly checksum: number
}

/**
 * One record batch being filled, encoded as Kafka stores it. The header is written by `seal`.
 *
 * @see Kafka protocol guide, "Record batch"
 */
export class OutputBatch {
  /** What its bytes lie in: all its own where its builder reserves none, so that it may lie where threads see it. */
  readonly memory: ArrayBufferLike
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly buffer: Buffer
  /** What its records are compressed with when it is sealed: a number of `codecs`. */
  readonly codec: number
  /** What its records are compressed with and where they end, once compression was tried. */
  #compressed: Omit<FinishedRecords, 'checksum'> | undefined
  /** Of its records as they are sent, once they are finished. */
  #checksum: number | undefined
  /** Index of the sink in the plan. */
  sink = 0
  partition = 0
  position = batchHeaderBytes
  count = 0
  baseTimestamp = 0
  maxTimestamp = 0

  /** @param memory - That it takes up from `at` on, with its slack. @defaultValue its own */
  constructor(
    capacity: number,
    codec: number = codecs.none,
    memory: ArrayBufferLike = new ArrayBuffer(capacity + slackBytes),
    at = 0,
  ) {
    this.codec = codec
    this.memory = memory
    this.bytes = new Uint8Array(memory, at, capacity)
    this.view = new DataView(memory, at, capacity + slackBytes)
    this.buffer = Buffer.from(memory, at, capacity)
  }

  /** A batch in memory that other threads see. */
  static shared(capacity: number, codec?: number): OutputBatch {
    return OutputBatch.over(new SharedArrayBuffer(capacity + slackBytes), codec)
  }

  /** A batch in the memory of another one, which is another thread's, or was. */
  static over(memory: ArrayBufferLike, codec?: number): OutputBatch {
    return new OutputBatch(memory.byteLength - slackBytes, codec, memory)
  }

  /** Whether it lies in memory that other threads see; else it is given away when it goes to one. */
  get isShared(): boolean {
    return this.memory instanceof SharedArrayBuffer
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
    this.#checksum = undefined
  }

  /**
   * Compresses the records in place and takes their checksum, once: so that no more than a header is left to `seal`,
   * perhaps on another thread.
   */
  finish(): FinishedRecords {
    const { codec, end } = this.#compress()
    this.#checksum ??= crc32c(this.buffer.subarray(batchHeaderBytes, end))
    return { codec, end, checksum: this.#checksum }
  }

  /** Its records were finished in this memory, on another thread. */
  wereFinished({ codec, end, checksum }: FinishedRecords): void {
    this.#compressed = { codec, end }
    this.#checksum = checksum
  }

  /**
   * Writes the header and the checksum, and gives the batch as it is sent. May be called again with another stamp, and
   * compresses once.
   */
  seal({ producerId, epoch, sequence, isTransactional }: ProducerStamp): Buffer {
    const { codec, end } = this.#compress()
    const { view } = this
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
    view.setUint32(17, this.#checksumTo(end))
    return this.buffer.subarray(0, end)
  }

  /** Of all behind the checksum. */
  #checksumTo(end: number): number {
    if (this.#checksum === undefined) return crc32c(this.buffer.subarray(checkedFrom, end))
    const header = crc32c(this.buffer.subarray(checkedFrom, batchHeaderBytes))
    return joinedChecksum(header, this.#checksum, end - batchHeaderBytes)
  }

  #compress(): Omit<FinishedRecords, 'checksum'> {
    this.#compressed ??= this.#compressedInPlace()
    return this.#compressed
  }

  #compressedInPlace(): Omit<FinishedRecords, 'checksum'> {
    const asTheyAre = { codec: codecs.none, end: this.position }
    if (this.codec === codecs.none) return asTheyAre
    const records = this.buffer.subarray(batchHeaderBytes, this.position)
    const compressed = compress(this.codec, records)
    // A topic takes batches of a size, for which only records that are not compressed are measured.
    if (compressed.length >= records.length) return asTheyAre
    copyBytes(compressed, 0, compressed.length, records, 0)
    return { codec: this.codec, end: batchHeaderBytes + compressed.length }
  }
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
