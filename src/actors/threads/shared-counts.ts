/** What is kept of each actor: see the methods. */
const fields = 5
const bytesEach = fields * Float64Array.BYTES_PER_ELEMENT
const actorsMax = 1_000_000
const actorsAtFirst = 64

/**
 * What a thread says of its actors in shared memory: it is true up to the instant at which the thread ends, however it
 * ends, and saying it sends nothing.
 */
export class SharedCounts {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Float64Array

  constructor(buffer = new SharedArrayBuffer(actorsAtFirst * bytesEach, { maxByteLength: actorsMax * bytesEach })) {
    this.buffer = buffer
    this.#numbers = new Float64Array(buffer)
  }

  /** Makes room for the actor `id`; it begins with nothing. */
  reserve(id: number): void {
    while ((id + 1) * bytesEach > this.buffer.byteLength)
      this.buffer.grow(Math.min(this.buffer.byteLength * 2, actorsMax * bytesEach))
    this.#numbers.fill(0, id * fields, (id + 1) * fields)
  }

  /** Messages of other threads that are done with. */
  taken(id: number): number {
    return this.#numbers[id * fields + 1]!
  }

  /** The same with those whose handler has begun; and a half, if it has more than one message. */
  opened(id: number): number {
    return this.#numbers[id * fields]!
  }

  /** Messages handled since it was placed on this thread. */
  handled(id: number): number {
    return this.#numbers[id * fields + 2]!
  }

  /** Messages in its mailbox that came from its own thread. */
  localCount(id: number): number {
    return this.#numbers[id * fields + 3]!
  }

  /** Bytes in its mailbox. */
  mailboxBytes(id: number): number {
    return this.#numbers[id * fields + 4]!
  }

  /** The handler of so many begins. One number says all, so that it is never said by halves. */
  open(id: number, count: number, isBatch: boolean): void {
    this.#numbers[id * fields] = this.#numbers[id * fields + 1]! + count + (isBatch ? 0.5 : 0)
  }

  take(id: number, count: number): number {
    return (this.#numbers[id * fields + 1]! += count)
  }

  describe(id: number, handled: number, localCount: number, mailboxBytes: number): void {
    this.#numbers[id * fields + 2] = handled
    this.#numbers[id * fields + 3] = localCount
    this.#numbers[id * fields + 4] = mailboxBytes
  }
}
