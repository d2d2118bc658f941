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

  clear(): void {
    this.length = 0
  }
}
