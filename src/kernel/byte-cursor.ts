/** Reads numbers and pieces of bytes one after the other, and never after their end: they may be anyone's. */
export class ByteCursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Where it reads next. */
  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /**
   * Reads a zigzag varint; exact up to 2^52 in size.
   *
   * @throws RangeError where the bytes end within it.
   */
  varint(): number {
    let value = 0
    for (let scale = 1; this.#at < this.#end && scale <= 2 ** 63; scale *= 128) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new RangeError('a number is cut off')
  }

  /**
   * Reads bytes after their length, which is -1 where there are none.
   *
   * @throws RangeError where there are fewer.
   */
  sized(): Uint8Array | undefined {
    const length = this.varint()
    return length < 0 ? undefined : this.take(length)
  }

  /**
   * Reads as many bytes.
   *
   * @throws RangeError where there are fewer.
   */
  take(length: number): Uint8Array {
    if (length < 0 || this.#at + length > this.#end) throw new RangeError('bytes are cut off')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** All bytes that are left. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#end)
  }
}
