import type { AbortedTransaction } from '../kernel/index.ts'
import { WireReader, WireWriter } from './wire.ts'

/** Fetch by topic id, so that a topic that was created anew under its name is noticed. Kafka 3.1 and later. */
export const fetchApi = { key: 1, version: 13 } as const

export interface FetchRequest {
  /** UUID in its usual text form. */
  topicId: string
  /** Partitions in the order in which the broker should serve them. */
  partitions: readonly number[]
  /** Next offset by partition. */
  positions: Float64Array
  leaderEpochs: Int32Array
  maxWaitMs: number
  /** Bytes of a whole response; one batch larger than that is sent all the same. */
  responseBytes: number
  partitionBytes: number
}

const replicaConsumer = -1
const readCommitted = 1
const noSession = { id: 0, epoch: -1 }
const unknown = -1

/** Body of a Fetch request, with the tags of its header. */
export function encodeFetch(request: FetchRequest): Buffer {
  const writer = new WireWriter(64 + request.partitions.length * 40)
    .noTags()
    .int32(replicaConsumer)
    .int32(request.maxWaitMs)
    .int32(1)
    .int32(request.responseBytes)
    .int8(readCommitted)
    .int32(noSession.id)
    .int32(noSession.epoch)
    .compactLength(1)
    .bytes(Buffer.from(request.topicId.replaceAll('-', ''), 'hex'))
    .compactLength(request.partitions.length)
  for (const partition of request.partitions) {
    writer
      .int32(partition)
      .int32(request.leaderEpochs[partition]!)
      .int64(request.positions[partition]!)
      .int32(unknown)
      .int64(unknown)
      .int32(request.partitionBytes)
      .noTags()
  }
  return writer.noTags().compactLength(0).compactString('').noTags().take()
}

export interface FetchResponsePartition {
  partition: number
  errorCode: number
  /** Offset behind the last record that a `read_committed` consumer may have. */
  lastStableOffset: number
  aborted: AbortedTransaction[]
  /** Where the record batches lie in the response. */
  start: number
  end: number
}

export interface FetchResponse {
  throttleTimeMs: number
  errorCode: number
  partitions: FetchResponsePartition[]
}

/**
 * Reads a Fetch response in place; only the aborted transactions are copied.
 *
 * @throws RangeError when it ends too early.
 */
export function decodeFetch(buffer: Buffer, start: number, end: number): FetchResponse {
  const reader = new WireReader(buffer, start, end)
  reader.skipTags()
  const throttleTimeMs = reader.int32()
  const errorCode = reader.int16()
  reader.int32()
  const partitions: FetchResponsePartition[] = []
  for (let topics = reader.compactLength(); topics > 0; topics--) {
    reader.skip(16)
    for (let left = reader.compactLength(); left > 0; left--) partitions.push(decodePartition(reader))
    reader.skipTags()
  }
  reader.skipTags()
  return { throttleTimeMs, errorCode, partitions }
}

function decodePartition(reader: WireReader): FetchResponsePartition {
  const partition = reader.int32()
  const errorCode = reader.int16()
  // High watermark.
  reader.skip(8)
  const lastStableOffset = reader.int64()
  // Log start.
  reader.skip(8)
  const aborted: AbortedTransaction[] = []
  for (let left = reader.compactLength(); left > 0; left--) {
    aborted.push({ producerId: reader.bigint64(), firstOffset: reader.int64() })
    reader.skipTags()
  }
  reader.int32()
  const length = Math.max(0, reader.compactLength())
  const start = reader.at
  reader.skip(length)
  reader.skipTags()
  return { partition, errorCode, lastStableOffset, aborted, start, end: start + length }
}

/** The offset behind the last complete batch of a range, or -1 when there is none. Reads headers only. */
export function offsetBehind(view: DataView, start: number, end: number): number {
  let next = -1
  for (let at = start; at + 27 <= end;) {
    const batchEnd = at + 12 + view.getInt32(at + 8)
    if (batchEnd > end || batchEnd <= at) break
    next = view.getInt32(at) * 4294967296 + view.getUint32(at + 4) + view.getInt32(at + 23) + 1
    at = batchEnd
  }
  return next
}
