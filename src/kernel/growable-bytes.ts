const shortTextMax = 1_024
/** Bytes that a unit of a text becomes at most. */
const utf8BytesMax = 3

const writeUtf8 = Buffer.prototype.write as (this: Uint8Array, text: string, start: number) => number

/** Bytes that grow by doubling; readers use `bytes` and `view` anew after each `reserve`. */
export class GrowableBytes {
  bytes: Uint8Array
  view: DataView
  length = 0

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity)
    this.bytes = new Uint8Array(buffer)
    this.view = new DataView(buffer)
  }

  /** Goes on in other bytes, all of a buffer, after the first ones. */
  open(bytes: Uint8Array, length: number): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.length = length
  }

  /** Makes room for `more` bytes after `length`, with slack for four-byte accesses. */
  reserve(more: number): void {
    const needed = this.length + more + 8
    if (needed <= this.bytes.length) return
    const buffer = new ArrayBuffer(Math.max(needed, this.bytes.length * 2))
    const grown = new Uint8Array(buffer)
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(buffer)
  }

  /** Appends bytes and returns where they begin. */
  append(source: Uint8Array): number {
    this.reserve(source.length)
    const start = this.length
    this.bytes.set(source, start)
    this.length += source.length
    return start
  }

  /** Appends a text as UTF-8 and returns where it begins. */
  appendText(text: string): number {
    // Most texts are short and ASCII: to look how long they become would cost more than the room.
    this.reserve(text.length <= shortTextMax ? utf8BytesMax * text.length : Buffer.byteLength(text))
    const start = this.length
    this.length += writeUtf8.call(this.bytes, text, start)
    return start
  }

  clear(): void {
    this.length = 0
  }
}
