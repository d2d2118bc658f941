import { readInt64 } from './int64.ts'

/** A message that does not follow the protocol. Whoever is sent one closes the connection, as Kafka does. */
export class MalformedMessage extends Error {}

// A count costs four bytes to claim and memory to believe, so the elements of all arrays of a message are budgeted.
const elementsMax = 1_000_000

/** Reads the primitive types of one message, trusting nothing in it. */
export class Reader {
  readonly buffer: Buffer
  position = 0
  /** Version of the API, by which fields come and go. */
  version = 0
  /** Whether lengths are compact and structures end in tagged fields (KIP-482). */
  flexible = false
  #elements = 0

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  get remaining(): number {
    return this.buffer.length - this.position
  }

  int8(): number {
    return this.buffer.readInt8(this.skip(1))
  }

  int16(): number {
    return this.buffer.readInt16BE(this.skip(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.skip(4))
  }

  int64(): number {
    return readInt64(this.buffer, this.skip(8))
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.skip(8))
  }

  varuint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.skip(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new MalformedMessage('a variable-length number is longer than five bytes')
  }

  uuid(): string {
    return this.#take(16).toString('base64url')
  }

  string(): string | null {
    const length = this.flexible ? this.varuint() - 1 : this.int16()
    return length < 0 ? null : this.#take(length).toString('utf8')
  }

  /** A view: valid for as long as the message's bytes are. */
  bytes(): Buffer | null {
    const length = this.flexible ? this.varuint() - 1 : this.int32()
    return length < 0 ? null : this.#take(length)
  }

  /** The number of elements of an array, -1 for a null one. */
  count(): number {
    const count = this.flexible ? this.varuint() - 1 : this.int32()
    this.#elements += Math.max(0, count)
    // No element is shorter than a byte.
    if (count > this.remaining || this.#elements > elementsMax) {
      throw new MalformedMessage(`an array claims ${count} elements`)
    }
    return count
  }

  /**
   * Reads the tagged fields at the end of a structure (KIP-482).
   *
   * @param fieldOf - What reads the field of a number; `undefined` for one that is not known, which is passed over.
   */
  tags(fieldOf: (tag: number) => (() => void) | undefined): void {
    for (let left = this.varuint(); left > 0; left--) {
      const tag = this.varuint()
      const length = this.varuint()
      const start = this.skip(length)
      const read = fieldOf(tag)
      if (read === undefined) continue
      this.position = start
      read()
      if (this.position !== start + length) throw new MalformedMessage(`tagged field ${tag} has another length`)
    }
  }

  skipTags(): void {
    this.tags(() => undefined)
  }

  /** Moves over `length` bytes and returns where they began. */
  skip(length: number): number {
    if (length > this.remaining) throw new MalformedMessage(`${length} bytes wanted, ${this.remaining} left`)
    const at = this.position
    this.position += length
    return at
  }

  #take(length: number): Buffer {
    const at = this.skip(length)
    return this.buffer.subarray(at, at + length)
  }
}
