import { ByteCursor, GrowableBytes, type PendingRow, varintLength, writeVarint } from '../../kernel/index.ts'

/**
 * Rows that have left a shard without being merged, with their parts, as bytes in which they cross to the main thread:
 * key, spelling and number of parts, and of each part where it came from, its side, its time, and its bytes.
 */
export class LeftRows {
  readonly #bytes = new GrowableBytes(1_024)

  append({ key, spelling, parts }: PendingRow): void {
    this.#appendSized(key)
    this.#appendSized(spelling)
    this.#appendNumber(parts.length)
    for (const { partition, offset, side, timestamp, bytes, carried } of parts) {
      for (const number of [partition, offset, side, timestamp]) this.#appendNumber(number)
      this.#appendSized(bytes)
      this.#appendSized(carried)
    }
  }

  /** Those since this was last asked: bytes of their own. */
  take(): Uint8Array {
    const taken = this.#bytes.bytes.slice(0, this.#bytes.length)
    this.#bytes.clear()
    return taken
  }

  #appendSized(bytes: Uint8Array | undefined): void {
    this.#appendNumber(bytes?.length ?? -1)
    if (bytes !== undefined) this.#bytes.append(bytes)
  }

  #appendNumber(number: number): void {
    const bytes = this.#bytes
    bytes.reserve(varintLength(number))
    bytes.length = writeVarint(bytes.bytes, bytes.length, number)
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
