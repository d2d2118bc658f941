import { ReceiveBuffer } from './receive-buffer.ts'

export interface ResponseReaderOptions {
  /** Largest response that is read. */
  readonly bytesMax: number
  /** A response begins: the memory that it brings, if any; the reader has its own. Undefined where none is expected. */
  onBegun(): { readonly into: ReceiveBuffer | undefined } | undefined
  /**
   * A whole response has come.
   *
   * @param filled - Where it lies, from the beginning.
   * @param isOwn - That is the reader's memory, which the next response overwrites.
   */
  onResponse(filled: ReceiveBuffer, sizeBytes: number, isOwn: boolean): void
  /** What comes cannot be read. */
  onBroken(what: string): void
}

/** One system call reads at most this much: a socket that is offered more at once was seen to stall. */
const readBytesMax = 1 << 20
const lengthBytes = 4
/** A response has at least its correlation id. */
const responseBytesMin = 4

/**
 * Finds responses in what a socket receives, by the length that stands before each. They are read without copies into
 * preallocated memory: that of their requests where those bring some, else the reader's own.
 */
export class ResponseReader {
  readonly #options: ResponseReaderOptions
  readonly #lengthBuffer = Buffer.alloc(lengthBytes)
  #own = new ReceiveBuffer(64 << 10)
  #into: ReceiveBuffer | undefined
  /** Bytes of the length, then of the response, that have arrived. */
  #filled = 0
  #needed = lengthBytes

  constructor(options: ResponseReaderOptions) {
    this.#options = options
  }

  /** Where the socket is to put what it receives next. */
  get target(): Buffer {
    if (this.#into === undefined) return this.#lengthBuffer.subarray(this.#filled)
    return this.#into.buffer.subarray(this.#filled, Math.min(this.#needed, this.#filled + readBytesMax))
  }

  /** The socket has put so many bytes into the target. */
  received(bytes: number): void {
    this.#filled += bytes
    if (this.#filled < this.#needed) return
    if (this.#into === undefined) this.#begin()
    else this.#end(this.#into)
  }

  /** Expects a response anew. A read that is still under way does not end up in memory that was lent. */
  reset(): void {
    this.#into = undefined
    this.#filled = 0
    this.#needed = lengthBytes
  }

  #begin(): void {
    const size = this.#lengthBuffer.readInt32BE(0)
    const { bytesMax } = this.#options
    const expected = this.#options.onBegun()
    if (expected === undefined) return this.#options.onBroken('the broker sent a response that nobody asked for')
    if (size < responseBytesMin || size > bytesMax) {
      return this.#options.onBroken(`the broker announced a response of ${size} bytes; responseBytesMax is ${bytesMax}`)
    }
    const { into } = expected
    this.#into = into ?? this.#own
    if (this.#into.capacity < size) {
      this.#into = new ReceiveBuffer(size, this.#into.isShared)
      if (into === undefined) this.#own = this.#into
    }
    this.#into.reserve(size)
    this.#filled = 0
    this.#needed = size
  }

  #end(filled: ReceiveBuffer): void {
    const size = this.#needed
    this.reset()
    this.#options.onResponse(filled, size, filled === this.#own)
  }
}
