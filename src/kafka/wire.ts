/**
 * Reading and writing the few messages of the hot path (Fetch, Produce) in place. Everything else goes through the
 * codecs of `@platformatic/kafka`.
 *
 * @see Kafka protocol guide, "Protocol primitive types"
 */

/** Length, API key and version, correlation id, client id. The body of a flexible request follows with its header's tags. */
export function encodeRequestHeader(header: {
  apiKey: number
  apiVersion: number
  correlationId: number
  clientId: string
  bodyBytes: number
}): Buffer {
  const clientIdBytes = Buffer.byteLength(header.clientId)
  const encoded = Buffer.allocUnsafe(14 + clientIdBytes)
  encoded.writeInt32BE(10 + clientIdBytes + header.bodyBytes, 0)
  encoded.writeInt16BE(header.apiKey, 4)
  encoded.writeInt16BE(header.apiVersion, 6)
  encoded.writeInt32BE(header.correlationId, 8)
  encoded.writeInt16BE(clientIdBytes, 12)
  encoded.write(header.clientId, 14)
  return encoded
}

/** Builds the body of a flexible request. */
export class WireWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  int8(value: number): this {
    const at = this.#room(1)
    this.#buffer.writeInt8(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.#room(2)
    this.#buffer.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#room(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }

  /** A 64-bit integer that a number holds exactly. */
  int64(value: number): this {
    const at = this.#room(8)
    this.#buffer.writeBigInt64BE(BigInt(value), at)
    return this
  }

  unsignedVarint(value: number): this {
    let at = this.#room(5)
    const from = at
    let rest = value
    while (rest >>> 7 !== 0) {
      this.#buffer[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#buffer[at++] = rest
    this.#length -= 5 - (at - from)
    return this
  }

  /** Length of a compact array or bytes, which is stored one higher so that 0 means null. */
  compactLength(length: number): this {
    return this.unsignedVarint(length + 1)
  }

  compactString(value: string | null): this {
    if (value === null) return this.unsignedVarint(0)
    const length = Buffer.byteLength(value)
    this.compactLength(length)
    const at = this.#room(length)
    this.#buffer.write(value, at)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length)
    this.#buffer.set(value, at)
    return this
  }

  noTags(): this {
    return this.unsignedVarint(0)
  }

  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #room(bytes: number): number {
    const at = this.#length
    if (at + bytes > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(at + bytes, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    this.#length = at + bytes
    return at
  }
}

/** Reads a response where it lies; a read beyond `end` throws. */
export class WireReader {
  readonly #buffer: Buffer
  at: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer.subarray(0, end)
    this.at = start
  }

  int16(): number {
    this.at += 2
    return this.#buffer.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.#buffer.readInt32BE(this.at - 4)
  }

  /** A 64-bit integer that is known to fit a number, such as an offset. */
  int64(): number {
    this.at += 8
    return this.#buffer.readInt32BE(this.at - 8) * 4294967296 + this.#buffer.readUInt32BE(this.at - 4)
  }

  bigint64(): bigint {
    this.at += 8
    return this.#buffer.readBigInt64BE(this.at - 8)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#buffer.readUInt8(this.at++)
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }

  /** Length of a compact array or bytes; -1 for null. */
  compactLength(): number {
    return this.unsignedVarint() - 1
  }

  compactString(): string | null {
    const length = this.compactLength()
    if (length < 0) return null
    this.at += length
    return this.#buffer.toString('utf8', this.at - length, this.at)
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  skipTags(): void {
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint()
      this.skip(this.unsignedVarint())
    }
  }
}
