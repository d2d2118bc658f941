import { batchHeader, headerBytes } from './batch.ts'

export interface RecordPlace {
  readonly offset: number
  readonly timestamp: number
}

/**
 * Where the records of a batch stand in the log and in time. The inside of a compressed batch stays closed: it counts
 * as one record at its base offset with the greatest of its timestamps.
 */
export function* recordPlaces(batch: Buffer): Generator<RecordPlace> {
  const baseOffset = batchHeader.baseOffset(batch, 0)
  if (batchHeader.compression(batch, 0) !== 0) {
    yield { offset: baseOffset, timestamp: batchHeader.maxTimestamp(batch, 0) }
    return
  }
  const baseTimestamp = batchHeader.baseTimestamp(batch, 0)
  const maxTimestamp = batchHeader.maxTimestamp(batch, 0)
  const isLogAppendTime = batchHeader.isLogAppendTime(batch, 0)
  const varints = new VarintReader(batch, headerBytes)
  for (let left = batchHeader.recordCount(batch, 0); left > 0 && varints.position < batch.length; left--) {
    const length = varints.next()
    const end = varints.position + length
    varints.position += 1
    const createdAt = baseTimestamp + varints.next()
    const timestamp = isLogAppendTime ? maxTimestamp : createdAt
    yield { offset: baseOffset + varints.next(), timestamp }
    varints.position = end
  }
}

/** Reads zigzag-coded numbers of any length up to 2^53. */
class VarintReader {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes
    this.position = position
  }

  next(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#bytes[this.position++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 128
    }
  }
}
