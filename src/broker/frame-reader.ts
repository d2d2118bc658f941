import { MalformedMessage } from '../protocol/index.ts'

const lengthBytes = 4
const bufferBytesFirst = 64 * 1024
// A connection that once sent a large request does not keep its memory.
const bufferBytesKept = 4 * 1024 * 1024

/** Cuts the byte stream of one connection into requests. */
export class FrameReader {
  readonly #sizeBytesMax: number
  #chunk: Buffer = Buffer.alloc(0)
  #waiting: Buffer[] = []
  #buffer = Buffer.alloc(0)
  #filled = 0

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax
  }

  push(chunk: Buffer): void {
    if (this.#chunk.length === 0) this.#chunk = chunk
    else this.#waiting.push(chunk)
  }

  /**
   * Takes the next whole request out of what was pushed. Its bytes are valid until the call after.
   *
   * @throws MalformedMessage when a request claims to be longer than any may be.
   */
  next(): Buffer | undefined {
    if (this.#filled === 0) {
      const frame = this.#nextInChunk()
      if (frame !== undefined) return frame
    }
    while (this.#chunk.length > 0) {
      const known = this.#sizeOfBuffered() ?? lengthBytes
      const wanted = known - this.#filled
      this.#fill(this.#chunk.subarray(0, wanted), known)
      this.#advance(wanted)
      const size = this.#sizeOfBuffered()
      if (this.#filled === size) {
        const frame = this.#buffer.subarray(lengthBytes, size)
        this.#filled = 0
        if (this.#buffer.length > bufferBytesKept) this.#buffer = Buffer.alloc(0)
        return frame
      }
    }
    return undefined
  }

  /** Most requests come whole in one chunk and need no copy. */
  #nextInChunk(): Buffer | undefined {
    if (this.#chunk.length < lengthBytes) return undefined
    const size = this.#checked(this.#chunk.readInt32BE(0))
    if (this.#chunk.length < size) return undefined
    const frame = this.#chunk.subarray(lengthBytes, size)
    this.#advance(size)
    return frame
  }

  #sizeOfBuffered(): number | undefined {
    return this.#filled < lengthBytes ? undefined : this.#checked(this.#buffer.readInt32BE(0))
  }

  #checked(length: number): number {
    if (length < 0 || length > this.#sizeBytesMax) throw new MalformedMessage(`a request claims ${length} bytes`)
    return lengthBytes + length
  }

  #fill(bytes: Buffer, frameBytes: number): void {
    const needed = this.#filled + bytes.length
    if (needed > this.#buffer.length) {
      // Doubling, not the claimed size at once: a claim costs its sender nothing.
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(frameBytes, 2 * this.#buffer.length), bufferBytesFirst),
      )
      this.#buffer.copy(grown, 0, 0, this.#filled)
      this.#buffer = grown
    }
    bytes.copy(this.#buffer, this.#filled)
    this.#filled = needed
  }

  #advance(length: number): void {
    this.#chunk = this.#chunk.subarray(length)
    if (this.#chunk.length === 0) this.#chunk = this.#waiting.shift() ?? this.#chunk
  }
}
