import { GrowableBytes, varintLength, writeVarint } from '../../kernel/index.ts'

/** What a shard tells the main thread as bytes, one item after the other, as `ByteCursor` reads them. */
export class CrossingBytes {
  readonly #bytes = new GrowableBytes(1_024)

  /** Those since this was last asked: bytes of their own. */
  take(): Uint8Array {
    const taken = this.#bytes.bytes.slice(0, this.#bytes.length)
    this.#bytes.clear()
    return taken
  }

  append(bytes: Uint8Array): void {
    this.#bytes.append(bytes)
  }

  appendSized(bytes: Uint8Array | undefined): void {
    this.appendNumber(bytes?.length ?? -1)
    if (bytes !== undefined) this.#bytes.append(bytes)
  }

  appendNumber(number: number): void {
    const bytes = this.#bytes
    bytes.reserve(varintLength(number))
    bytes.length = writeVarint(bytes.bytes, bytes.length, number)
  }
}
