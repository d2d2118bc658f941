import { ByteCursor, type PendingRow } from '../../kernel/index.ts'
import { CrossingBytes } from './crossing-bytes.ts'

/**
 * Rows that have left a shard without being merged, with their parts, as bytes in which they cross to the main thread:
 * key, spelling and number of parts, and of each part where it came from, its side, its time, and its bytes.
 */
export class LeftRows {
  readonly #bytes = new CrossingBytes()

  append({ key, spelling, parts }: PendingRow): void {
    const bytes = this.#bytes
    bytes.appendSized(key)
    bytes.appendSized(spelling)
    bytes.appendNumber(parts.length)
    for (const { partition, offset, side, timestamp, bytes: part, carried } of parts) {
      for (const number of [partition, offset, side, timestamp]) bytes.appendNumber(number)
      bytes.appendSized(part)
      bytes.appendSized(carried)
    }
  }

  /** Those since this was last asked: bytes of their own. */
  take(): Uint8Array {
    return this.#bytes.take()
  }
}

/** The rows that `LeftRows` has made bytes of, in their order; theirs lie in those. */
export function* leftRowsIn(bytes: Uint8Array): Generator<PendingRow> {
  const cursor = new ByteCursor(bytes)
  while (!cursor.isAtEnd) {
    const [key, spelling] = [cursor.sized()!, cursor.sized()!]
    const parts = Array.from({ length: cursor.varint() }, () => ({
      partition: cursor.varint(),
      offset: cursor.varint(),
      side: cursor.varint(),
      timestamp: cursor.varint(),
      bytes: cursor.sized()!,
      carried: cursor.sized(),
    }))
    yield { key, spelling, parts }
  }
}
