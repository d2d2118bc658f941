import { writeInt64 } from './int64.ts'

const sizeBytesFirst = 512
// Longer byte strings are passed on as they are instead of being copied after the other fields.
const copyBytesMax = 1024

/**
 * Writes the primitive types of one response. Large byte strings stay where they lie: the result is a list of chunks,
 * meant for one vectored write.
 */
export class Writer {
  readonly version: number
  readonly flexible: boolean
  readonly #chunks: Buffer[] = []
  #chunksBytes = 0
  #buffer = Buffer.allocUnsafe(sizeBytesFirst)
  #start = 0
  #position = 0

  constructor(version: number, flexible: boolean) {
    this.version = version
    this.flexible = flexible
  }

  get sizeBytes(): number {
    return this.#chunksBytes + this.#position - this.#start
  }

  int8(value: number): void {
    const at = this.#reserve(1)
    this.#buffer.writeInt8(value, at)
  }

  int16(value: number): void {
    const at = this.#reserve(2)
    this.#buffer.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#buffer.writeInt32BE(value, at)
  }

  int64(value: number): void {
    const at = this.#reserve(8)
    writeInt64(this.#buffer, value, at)
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  varuint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.int8(((rest & 0x7f) | 0x80) - 256)
      rest >>>= 7
    }
    this.int8(rest)
  }

  uuid(value: string): void {
    const at = this.#reserve(16)
    this.#buffer.write(value, at, 16, 'base64url')
  }

  string(value: string | null): void {
    if (value === null) return this.#length(-1, 2)
    const length = Buffer.byteLength(value)
    this.#length(length, 2)
    const at = this.#reserve(length)
    this.#buffer.write(value, at, length, 'utf8')
  }

  /** Writes one byte string that may lie in several pieces. */
  bytes(pieces: readonly Buffer[] | null): void {
    if (pieces === null) return this.#length(-1, 4)
    this.#length(
      pieces.reduce((sum, piece) => sum + piece.length, 0),
      4,
    )
    for (const piece of pieces) this.raw(piece)
  }

  /** The number of elements of an array, -1 for a null one. */
  count(count: number): void {
    this.#length(count, 4)
  }

  raw(bytes: Buffer): void {
    if (bytes.length <= copyBytesMax) {
      const at = this.#reserve(bytes.length)
      bytes.copy(this.#buffer, at)
      return
    }
    this.#cut()
    this.#push(bytes)
  }

  /** Everything written, in order. */
  finish(): Buffer[] {
    this.#cut()
    return this.#chunks
  }

  #length(length: number, width: 2 | 4): void {
    if (this.flexible) this.varuint(length + 1)
    else if (width === 2) this.int16(length)
    else this.int32(length)
  }

  #cut(): void {
    if (this.#position > this.#start) this.#push(this.#buffer.subarray(this.#start, this.#position))
    this.#start = this.#position
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#chunksBytes += chunk.length
  }

  /** Makes room and returns where it begins; the buffer may be another one afterwards. */
  #reserve(length: number): number {
    if (this.#position + length > this.#buffer.length) {
      const written = this.#buffer.subarray(this.#start, this.#position)
      this.#buffer = Buffer.allocUnsafe(Math.max(sizeBytesFirst, 2 * (written.length + length)))
      written.copy(this.#buffer)
      this.#start = 0
      this.#position = written.length
    }
    const at = this.#position
    this.#position += length
    return at
  }
}
