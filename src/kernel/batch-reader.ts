import { crc32c } from '@node-rs/crc32'
import { KafkaError } from '../core/errors.ts'
import { offsetMax, timestampMax } from './block.ts'
import type { RecordColumns } from './columns.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { decompress, type DecompressionLimits } from './decompress.ts'

/** One partition's part of a fetch response. */
export interface FetchedPartition {
  /** Index of the partition in the plan. */
  partition: number
  /** Memory the response lies in; `sourceSlackBytes` are readable after `end`. */
  bytes: Buffer
  view: DataView
  start: number
  end: number
  /** First offset that was asked for; a batch may begin before it. */
  fromOffset: number
  /** Offset after the last complete batch. */
  nextOffset: number
  /** Offset after the last record that there was to read. */
  endOffset: number
  /** Transactions that were aborted, by the first offset of each, as the broker lists them. */
  aborted: readonly AbortedTransaction[]
}

export interface AbortedTransaction {
  producerId: bigint
  firstOffset: number
}

const attributeCompression = 0x07
const attributeLogAppendTime = 0x08
const attributeTransactional = 0x10
const attributeControl = 0x20

const headerBytes = 61
/** Base offset and length, which the length does not count. */
const frameBytes = 12
/** What must be there before a batch's size and format are known. */
const prefixBytes = 17

/**
 * Walks the record batches of a fetched partition and lays their records out as columns, without touching keys or
 * values. Checks each batch's CRC, opens compressed ones, passes over control batches, aborted transactions and what
 * lies before the offset that was asked for. Timestamps beyond 2^52 - 2 ms are counted for that. An incomplete batch at
 * the end is left for the next fetch.
 *
 * @see Kafka protocol guide, "Record batch"; KIP-98 for aborted transactions
 */
export class BatchReader {
  /** The offset to fetch next, once all records are read. */
  nextOffset = 0
  /** The offset after what has been read so far: records, and what is passed over. */
  reachedOffset = 0
  readonly #limits: DecompressionLimits
  #source!: FetchedPartition
  /** Start of the next batch. */
  #batchAt = 0
  #aborted: AbortedTransaction[] = []
  readonly #abortedProducers = new Set<bigint>()

  // The current batch: where its next record begins and how many are left.
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  #recordAt = 0
  #recordsEnd = 0
  #recordsLeft = 0
  #baseOffset = 0
  #lastOffset = 0
  #baseTimestamp = 0
  #appendTimestamp = noAppendTimestamp

  constructor(limits: DecompressionLimits) {
    this.#limits = limits
  }

  /** Begins a partition. */
  open(source: FetchedPartition): void {
    this.#source = source
    this.nextOffset = source.fromOffset
    this.reachedOffset = source.fromOffset
    this.#batchAt = source.start
    this.#recordsLeft = 0
    this.#abortedProducers.clear()
    this.#aborted = source.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /**
   * Fills `columns` with the next records, all of which lie in one memory. Returns false when there were none left.
   *
   * @throws KafkaError `KAFKA_BATCH_CORRUPT`, `KAFKA_BATCH_TOO_LARGE`, `KAFKA_BATCH_UNSUPPORTED`
   */
  fill(columns: RecordColumns): boolean {
    while (this.#recordsLeft > 0 || this.#nextBatch()) {
      const memory = this.#bytes
      columns.reset(this.#source.partition, memory, this.#view)
      do this.#readRecords(columns)
      while (columns.count < columnsRowsMax && this.#nextBatch(memory))
      this.reachedOffset = this.#recordsLeft === 0 ? this.nextOffset : columns.offset[columns.count - 1]! + 1
      if (columns.count > 0) return true
    }
    this.reachedOffset = this.nextOffset
    return false
  }

  /** Advances to the next batch with records; only one in `memory`, when it is given. */
  #nextBatch(memory?: Uint8Array): boolean {
    const { bytes, view, end } = this.#source
    for (;;) {
      const at = this.#batchAt
      if (at + prefixBytes > end) return false
      const length = view.getInt32(at + 8)
      const batchEnd = at + frameBytes + length
      if (batchEnd > end) return false
      const magic = view.getInt8(at + 16)
      if (magic !== 2) throw this.#unsupported(magic)
      if (length < headerBytes - frameBytes) throw this.#corrupt(`its ${length} bytes are fewer than its header has`)
      const attributes = view.getInt16(at + 21)
      const isCompressed = (attributes & attributeCompression) !== 0
      if (memory !== undefined && (isCompressed || memory !== bytes)) return false
      if (crc32c(bytes.subarray(at + 21, batchEnd)) !== view.getUint32(at + 17)) throw this.#corrupt('its CRC is wrong')

      this.#batchAt = batchEnd
      const baseOffset = int48(view, at)
      const lastOffset = baseOffset + view.getInt32(at + 23)
      const count = view.getInt32(at + 57)
      if (baseOffset < 0 || lastOffset < baseOffset || lastOffset > offsetMax)
        throw this.#corrupt('its offsets are impossible')
      if (count < 0) throw this.#corrupt('its number of records is negative')
      const isBefore = lastOffset < this.nextOffset
      if (!isBefore) this.nextOffset = lastOffset + 1
      if (this.#isInvisible(view, at, attributes, lastOffset) || isBefore) continue
      if (count === 0) continue

      this.#baseOffset = baseOffset
      this.#lastOffset = lastOffset
      this.#baseTimestamp = int48(view, at + 27)
      this.#appendTimestamp = (attributes & attributeLogAppendTime) !== 0 ? int48(view, at + 35) : noAppendTimestamp
      this.#recordsLeft = count
      if (isCompressed) {
        const records = bytes.subarray(at + headerBytes, batchEnd)
        const place = { partition: this.#source.partition, offset: baseOffset }
        const opened = decompress(attributes & attributeCompression, records, this.#limits, place)
        this.#bytes = opened.bytes
        this.#view = opened.view
        this.#recordAt = 0
        this.#recordsEnd = opened.length
      } else {
        this.#bytes = bytes
        this.#view = view
        this.#recordAt = at + headerBytes
        this.#recordsEnd = batchEnd
      }
      return true
    }
  }

  /** Whether a `read_committed` consumer passes over the batch: a control batch, or of an aborted transaction. */
  #isInvisible(view: DataView, at: number, attributes: number, lastOffset: number): boolean {
    const isControl = (attributes & attributeControl) !== 0
    if ((attributes & attributeTransactional) === 0) return isControl
    const producerId = view.getBigInt64(at + 43)
    for (let next = this.#aborted[0]; next !== undefined && next.firstOffset <= lastOffset; next = this.#aborted[0]) {
      this.#abortedProducers.add(next.producerId)
      this.#aborted.shift()
    }
    if (isControl) {
      // A marker ends its producer's transaction; data that follows belongs to a later one.
      this.#abortedProducers.delete(producerId)
      return true
    }
    return this.#abortedProducers.has(producerId)
  }

  #readRecords(columns: RecordColumns): void {
    const bytes = this.#bytes
    const from = this.#source.fromOffset
    const end = this.#recordsEnd
    let at = this.#recordAt
    let row = columns.count
    let left = this.#recordsLeft
    for (; left > 0 && row < columnsRowsMax; left--) {
      let byte = bytes[at++]!
      const length = byte < 128 ? unzigzag(byte) : longVarint(bytes, at, byte)
      if (byte >= 128) at = afterVarint
      const recordStart = at
      const recordEnd = at + length
      if (recordEnd > end) throw this.#corrupt('a record reaches over its end')
      at++
      byte = bytes[at++]!
      const timestampDelta = byte < 128 ? unzigzag(byte) : longVarint(bytes, at, byte)
      if (byte >= 128) at = afterVarint
      byte = bytes[at++]!
      const offsetDelta = byte < 128 ? unzigzag(byte) : longVarint(bytes, at, byte)
      if (byte >= 128) at = afterVarint
      byte = bytes[at++]!
      const keyLength = byte < 128 ? unzigzag(byte) : longVarint(bytes, at, byte)
      if (byte >= 128) at = afterVarint
      if (keyLength > 0) at += keyLength
      byte = bytes[at++]!
      const valueLength = byte < 128 ? unzigzag(byte) : longVarint(bytes, at, byte)
      if (byte >= 128) at = afterVarint
      const valueEnd = valueLength > 0 ? at + valueLength : at
      // The number of headers follows, so the value ends before the record does.
      if (keyLength < -1 || valueLength < -1 || valueEnd >= recordEnd)
        throw this.#corrupt('a record has a field longer than itself')
      const offset = this.#baseOffset + offsetDelta
      if (offsetDelta < 0 || offset > this.#lastOffset) throw this.#corrupt('a record has an offset outside of it')
      if (offset >= from) {
        columns.offset[row] = offset
        const timestamp =
          this.#appendTimestamp === noAppendTimestamp ? this.#baseTimestamp + timestampDelta : this.#appendTimestamp
        columns.timestamp[row] = Math.max(-timestampMax, Math.min(timestamp, timestampMax))
        columns.recordStart[row] = recordStart
        columns.recordEnd[row] = recordEnd
        columns.valueStart[row] = valueLength < 0 ? -1 : at
        columns.valueEnd[row] = valueEnd
        row++
      }
      at = recordEnd
    }
    if (left === 0 && at !== end) throw this.#corrupt('bytes follow its last record')
    columns.count = row
    this.#recordAt = at
    this.#recordsLeft = left
  }

  #corrupt(what: string): KafkaError {
    return new KafkaError(
      'KAFKA_BATCH_CORRUPT',
      `a record batch of source partition ${this.#source.partition} near offset ${this.nextOffset} is corrupt: ${what}`,
      { partition: this.#source.partition, offset: this.nextOffset },
    )
  }

  #unsupported(magic: number): KafkaError {
    return new KafkaError(
      'KAFKA_BATCH_UNSUPPORTED',
      `a record batch of source partition ${this.#source.partition} near offset ${this.nextOffset} has format ${magic}; format 2 (Kafka 0.11 and later) is read`,
      { partition: this.#source.partition, offset: this.nextOffset, magic },
    )
  }
}

const noAppendTimestamp = -2

/** Position after the number that `longVarint` read last: a second return value without an object. */
let afterVarint = 0

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}

/** Reads the rest of a zigzag varint whose first byte was `first`; exact up to 2^52. */
function longVarint(bytes: Uint8Array, at: number, first: number): number {
  let value = first & 127
  let shift = 7
  for (; shift < 28; shift += 7) {
    const byte = bytes[at++]!
    value |= (byte & 127) << shift
    if (byte < 128) {
      afterVarint = at
      return unzigzag(value)
    }
  }
  let wide = value
  for (let scale = 2 ** 28; scale <= 2 ** 63; scale *= 128) {
    const byte = bytes[at++]!
    wide += (byte & 127) * scale
    if (byte < 128) break
  }
  afterVarint = at
  return wide % 2 === 0 ? wide / 2 : -(wide + 1) / 2
}

/** A big-endian 64-bit integer that is known to be small enough for a number. */
function int48(view: DataView, at: number): number {
  return view.getInt32(at) * 4294967296 + view.getUint32(at + 4)
}
