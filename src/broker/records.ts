import { batchHeader, headerBytes } from './batch.ts'
import { VarintReader } from './varint-reader.ts'

/** Gives the bytes of a batch's records; `undefined` where they are compressed and cannot be opened. */
export type BatchOpener = (batch: Buffer) => Buffer | undefined

/** One record of the log. */
export interface LogRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | undefined
  /** Whether it deletes what its key stood for. */
  readonly isTombstone: boolean
  /** All of it, its length included. */
  readonly bytes: Buffer
}

export interface RecordPlace {
  readonly offset: number
  readonly timestamp: number
}

/** Opens only what is not compressed. */
export const plainBody: BatchOpener = (batch) =>
  batchHeader.compression(batch, 0) === 0 ? batch.subarray(headerBytes) : undefined

const decompressedBytesMax = 64 * 1024 * 1024

/**
 * Loads what opens compressed batches. The broker does so when it first has to look into one, because it would start
 * half as fast with it.
 */
export async function loadBatchOpener(): Promise<BatchOpener> {
  const { decompress } = await import('../kernel/index.ts')
  return (batch) => {
    const codec = batchHeader.compression(batch, 0)
    const body = batch.subarray(headerBytes)
    if (codec === 0) return body
    try {
      const place = { partition: 0, offset: batchHeader.baseOffset(batch, 0) }
      const { bytes, length } = decompress(codec, body, { decompressedBytesMax }, place)
      return Buffer.from(bytes.buffer, bytes.byteOffset, length)
    } catch {
      return undefined
    }
  }
}

/** The records of a batch, given the bytes that `open` found in it. */
export function* recordsOf(batch: Buffer, body: Buffer): Generator<LogRecord> {
  const baseOffset = batchHeader.baseOffset(batch, 0)
  const baseTimestamp = batchHeader.baseTimestamp(batch, 0)
  const maxTimestamp = batchHeader.maxTimestamp(batch, 0)
  const isLogAppendTime = batchHeader.isLogAppendTime(batch, 0)
  const varints = new VarintReader(body)
  for (let left = batchHeader.recordCount(batch, 0); left > 0 && varints.position < body.length; left--) {
    const start = varints.position
    const length = varints.next()
    const end = varints.position + length
    varints.position += 1
    const createdAt = baseTimestamp + varints.next()
    const offset = baseOffset + varints.next()
    const keyLength = varints.next()
    const keyAt = varints.position
    varints.position += Math.max(0, keyLength)
    yield {
      offset,
      timestamp: isLogAppendTime ? maxTimestamp : createdAt,
      key: keyLength < 0 ? undefined : body.subarray(keyAt, varints.position),
      isTombstone: varints.next() < 0,
      bytes: body.subarray(start, end),
    }
    varints.position = end
  }
}

/**
 * Where the records of a batch stand in the log and in time. A batch that cannot be opened counts as one record at its
 * base offset with the greatest of its timestamps.
 */
export function recordPlaces(batch: Buffer, open: BatchOpener): Iterable<RecordPlace> {
  const body = open(batch)
  if (body !== undefined) return recordsOf(batch, body)
  return [{ offset: batchHeader.baseOffset(batch, 0), timestamp: batchHeader.maxTimestamp(batch, 0) }]
}
