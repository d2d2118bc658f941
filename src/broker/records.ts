import type { BatchOpener } from './batch-codec.ts'
import { batchHeader } from './batch.ts'
import { VarintReader } from './varint-reader.ts'

/** One record of the log. */
export interface LogRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | undefined
  /** Whether it deletes what its key stood for. */
  readonly isTombstone: boolean
  readonly attributes: number
  /** What stands after its time: offset, key, value, headers. */
  readonly rest: Buffer
}

export interface RecordPlace {
  readonly offset: number
  readonly timestamp: number
}

/** The records of a batch, given the bytes that `open` found in it. */
export function* recordsOf(batch: Buffer, body: Buffer): Generator<LogRecord> {
  const baseOffset = batchHeader.baseOffset(batch, 0)
  const baseTimestamp = batchHeader.baseTimestamp(batch, 0)
  const maxTimestamp = batchHeader.maxTimestamp(batch, 0)
  const isLogAppendTime = batchHeader.isLogAppendTime(batch, 0)
  const varints = new VarintReader(body)
  for (let left = batchHeader.recordCount(batch, 0); left > 0 && varints.position < body.length; left--) {
    const length = varints.next()
    const end = varints.position + length
    const attributes = body[varints.position] ?? 0
    varints.skip(1)
    const createdAt = baseTimestamp + varints.next()
    const restAt = varints.position
    const offset = baseOffset + varints.next()
    const keyLength = varints.next()
    const keyAt = varints.position
    varints.position += Math.max(0, keyLength)
    yield {
      offset,
      timestamp: isLogAppendTime ? maxTimestamp : createdAt,
      key: keyLength < 0 ? undefined : body.subarray(keyAt, varints.position),
      isTombstone: varints.next() < 0,
      attributes,
      rest: body.subarray(restAt, end),
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
