import { assert } from '../core/assert.ts'
import { copyBytes } from './copy-bytes.ts'
import { batchHeaderBytes, OutputBatch, slackBytes, varintLength, writeVarint } from './output-batch.ts'

/** Where filled batches go; the receiver gives each back to the builder's pool with `recycle`. */
export type BatchFilled = (batch: OutputBatch) => void

export interface OutputBuilderOptions {
  /** Index of the sink in the plan. */
  sink: number
  partitionCount: number
  /** Size at which a batch is closed, in bytes. A larger record gets a batch of its own. */
  batchBytes: number
  /** What batches are compressed with, a number of `codecs`. @defaultValue none */
  codec?: number
  /**
   * Memory for its first batches, which is one piece and not touched before it is used. V8 collects garbage each time
   * that some 20 MB outside of its heap were added, however little it has to look for. @defaultValue 0
   */
  reservedBytes?: number
  /**
   * Whether batches lie in memory that threads see, as many as are kept for reuse. V8 counts no such memory, so it would
   * not collect what is left of more of it, or of larger batches: these are given away. @defaultValue false
   */
  isShared?: boolean
  onFilled: BatchFilled
}

/** Fills one record batch per partition of a sink, records encoded in place. */
export class OutputBuilder {
  readonly partitionCount: number
  readonly #sink: number
  /** Bytes of a batch with its header. */
  readonly batchBytes: number
  readonly #codec: number | undefined
  readonly #isShared: boolean
  /** Batches in shared memory that there are. */
  #sharedCount = 0
  readonly #onFilled: BatchFilled
  readonly #open: (OutputBatch | undefined)[]
  readonly #pool: OutputBatch[] = []
  readonly #reserved: ArrayBuffer | undefined
  /** How far it is taken up by batches. */
  #reservedAt = 0

  constructor({
    sink,
    partitionCount,
    batchBytes,
    codec,
    reservedBytes = 0,
    isShared = false,
    onFilled,
  }: OutputBuilderOptions) {
    this.#sink = sink
    this.partitionCount = partitionCount
    this.batchBytes = batchBytes
    this.#codec = codec
    this.#isShared = isShared
    this.#onFilled = onFilled
    this.#open = Array.from({ length: partitionCount })
    this.#reserved = reservedBytes > 0 ? new ArrayBuffer(reservedBytes) : undefined
  }

  /** Bytes of open batches. */
  get openBytes(): number {
    return this.#open.reduce((sum, batch) => sum + (batch?.position ?? 0), 0)
  }

  /**
   * Makes room for one record and writes it up to its key's length. Returns the batch; its `position` is where the key
   * belongs. The caller writes key, value length, value and headers, and sets `position` after them.
   *
   * @param keyLength - Bytes of the key; -1 for null.
   * @param valueLength - Bytes of the value; -1 for null.
   * @param headersLength - Bytes of the headers with their count.
   */
  begin(
    partition: number,
    timestamp: number,
    keyLength: number,
    valueLength: number,
    headersLength: number,
  ): OutputBatch {
    assert(partition < this.partitionCount, 'a record goes to a partition that its sink has')
    const payload = Math.max(keyLength, 0) + Math.max(valueLength, 0) + headersLength
    let batch = this.#open[partition]
    if (batch !== undefined && batch.position + payload + recordOverheadMax > batch.capacity) {
      this.#open[partition] = undefined
      this.#onFilled(batch)
      batch = undefined
    }
    if (batch === undefined) {
      batch = this.#take(payload + recordOverheadMax + batchHeaderBytes)
      batch.reset(this.#sink, partition)
      batch.baseTimestamp = timestamp
      batch.maxTimestamp = timestamp
      this.#open[partition] = batch
    }
    if (timestamp > batch.maxTimestamp) batch.maxTimestamp = timestamp
    const timestampDelta = timestamp - batch.baseTimestamp
    const offsetDelta = batch.count++
    const length =
      1 + varintLength(timestampDelta) + varintLength(offsetDelta) + varintLength(keyLength) + varintLength(valueLength)
    const bytes = batch.bytes
    let at = writeVarint(bytes, batch.position, length + payload)
    bytes[at++] = 0
    at = writeVarint(bytes, at, timestampDelta)
    at = writeVarint(bytes, at, offsetDelta)
    batch.position = writeVarint(bytes, at, keyLength)
    return batch
  }

  /** Hands over a batch whose records, encoded elsewhere, are given. */
  handOver(partition: number, records: Uint8Array, count: number, baseTimestamp: number, maxTimestamp: number): void {
    const batch = this.#take(batchHeaderBytes + records.length)
    batch.reset(this.#sink, partition)
    copyBytes(records, 0, records.length, batch.bytes, batchHeaderBytes)
    batch.position += records.length
    batch.count = count
    batch.baseTimestamp = baseTimestamp
    batch.maxTimestamp = maxTimestamp
    this.#onFilled(batch)
  }

  /** Hands over every batch that holds a record. */
  flush(): void {
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const batch = this.#open[partition]
      if (batch === undefined) continue
      this.#open[partition] = undefined
      this.#onFilled(batch)
    }
  }

  /** Takes a batch back once nobody reads its bytes any more. */
  recycle(batch: OutputBatch): void {
    if (batch.capacity === this.batchBytes && this.#pool.length < poolMax) this.#pool.push(batch)
  }

  /** Batches that have been handed over and are not back may never come back. */
  letGo(): void {
    this.#sharedCount = this.#pool.filter(({ isShared }) => isShared).length
  }

  #take(bytesNeeded: number): OutputBatch {
    if (bytesNeeded > this.batchBytes) return new OutputBatch(bytesNeeded, this.#codec)
    return this.#pool.pop() ?? this.#reservedBatch() ?? this.#newBatch()
  }

  #newBatch(): OutputBatch {
    if (!this.#isShared || this.#sharedCount === poolMax) return new OutputBatch(this.batchBytes, this.#codec)
    this.#sharedCount++
    return OutputBatch.shared(this.batchBytes, this.#codec)
  }

  #reservedBatch(): OutputBatch | undefined {
    const at = this.#reservedAt
    const sizeBytes = this.batchBytes + slackBytes
    if (this.#reserved === undefined || at + sizeBytes > this.#reserved.byteLength) return undefined
    this.#reservedAt += sizeBytes
    return new OutputBatch(this.batchBytes, this.#codec, this.#reserved, at)
  }
}

/**
 * Length (5), attributes (1), timestamp delta (8), offset delta (5), key and value length (5 each), and slack for
 * four-byte copies.
 */
const recordOverheadMax = 36

/** Batches kept for reuse: 512 of 64 KiB are 32 MiB. */
const poolMax = 512
