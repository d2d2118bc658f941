/** Reads zigzag-coded numbers of any length up to 2^53. After the end of the bytes there are zeros. */
export class VarintReader {
  readonly #bytes: Buffer
  position = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
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

  /** Goes past a field of as many bytes; a negative length stands for a field that is not there. */
  skip(length: number): void {
    if (length > 0) this.position += length
  }
}
