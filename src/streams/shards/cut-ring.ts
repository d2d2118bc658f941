/**
 * Ring: rows that one shard has cut out for another one, in memory that both threads see.
 *
 * One thread writes and one reads. Frames lie one after the other: a head of four words (the number of the source
 * partition, how many rows, how many bytes, how many bytes of the batch are in further frames) and the rows. A frame is
 * never cut at the end of the memory; what is left there is passed over. Both positions count bytes since the beginning,
 * as words that overflow: only their difference means anything, and it is at most the capacity.
 */
import { assert } from '../../core/assert.ts'
import { copyBytes, type CutBatch } from '../../kernel/index.ts'

const headBytes = 16
/** Word of the position after what is written, and of that after what is read, each in a cache line of its own. */
const writtenWord = 0
const readWord = 16
const positionsBytes = 128

/** In place of a partition: nothing more up to the end of the memory, and the border of an epoch. */
const passOver = -1
const epochBorder = -2

/** Memory for a ring of so many bytes, a power of two. */
export function newCutRing(capacity: number): SharedArrayBuffer {
  assert(capacity >= 4 * headBytes && (capacity & (capacity - 1)) === 0, 'a ring has a power of two of bytes')
  return new SharedArrayBuffer(positionsBytes + capacity)
}

/** Whether a position is at another one or after it. */
export function hasReached(position: number, other: number): boolean {
  return ((position - other) | 0) >= 0
}

class CutRing {
  protected readonly positions: Int32Array
  protected readonly words: Int32Array
  protected readonly bytes: Uint8Array
  protected readonly capacity: number

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - positionsBytes
    this.positions = new Int32Array(memory, 0, positionsBytes / 4)
    this.words = new Int32Array(memory, positionsBytes)
    this.bytes = new Uint8Array(memory, positionsBytes)
  }

  /** Position after all that has been written. */
  get written(): number {
    return Atomics.load(this.positions, writtenWord)
  }

  /** Position after all that has been read. */
  get read(): number {
    return Atomics.load(this.positions, readWord)
  }
}

/** The end of a ring that is written to. */
export class CutWriter extends CutRing {
  /** A frame has no more bytes of rows than this, so that each fits into an empty ring, wherever it begins. */
  get frameBytesMax(): number {
    return this.capacity / 2 - headBytes
  }

  /**
   * Writes rows of a batch as far as there is room.
   *
   * @param from - Bytes of the batch that are written already.
   * @returns How many are afterwards.
   */
  write({ partition, count, rows }: CutBatch, from = 0): number {
    let at = from
    while (at < rows.length) {
      const length = Math.min(rows.length - at, this.frameBytesMax)
      const to = this.#frame(partition, count, length, rows.length - at - length)
      if (to === undefined) return at
      copyBytes(rows, at, at + length, this.bytes, to)
      this.#publish(frameSize(length))
      at += length
    }
    return at
  }

  /** Writes the border of an epoch; false where there is no room. */
  writeBorder(): boolean {
    const to = this.#frame(epochBorder, 0, 0, 0)
    if (to === undefined) return false
    this.#publish(frameSize(0))
    return true
  }

  /** Writes the head of a frame, which nobody sees yet; returns where its rows begin, undefined where it has no room. */
  #frame(partition: number, count: number, length: number, restBytes: number): number | undefined {
    let free = this.capacity - ((this.written - this.read) | 0)
    let at = this.written & (this.capacity - 1)
    const size = frameSize(length)
    if (size > this.capacity - at) {
      if (this.capacity - at + size > free) return undefined
      this.#head(at, passOver, 0, 0, 0)
      this.#publish(this.capacity - at)
      free -= this.capacity - at
      at = 0
    } else if (size > free) return undefined
    this.#head(at, partition, count, length, restBytes)
    return at + headBytes
  }

  #head(at: number, ...head: readonly [partition: number, count: number, length: number, restBytes: number]): void {
    for (let word = 0; word < head.length; word++) this.words[at / 4 + word] = head[word]!
  }

  /** So many bytes more may be read. */
  #publish(size: number): void {
    Atomics.store(this.positions, writtenWord, (this.written + size) | 0)
  }
}

/** The end of a ring that is read from. */
export class CutReader extends CutRing {
  /** Pieces of a batch that came in several frames. */
  #pieces: Uint8Array[] = []

  /** Whether the border of an epoch is next. */
  get isAtBorder(): boolean {
    return this.#head()?.[0] === epochBorder
  }

  /** Passes over the border. */
  passBorder(): void {
    assert(this.isAtBorder, 'a border is passed where it is')
    this.#advance(0)
  }

  /** Gives the next batches to `take`, up to the border of an epoch at most; each is valid until `take` returns. */
  readTo(take: (batch: CutBatch) => void): void {
    for (let head = this.#head(); head !== undefined && head[0] !== epochBorder; head = this.#head()) {
      const [partition, count, length, restBytes] = head
      const at = (this.read & (this.capacity - 1)) + headBytes
      const rows = this.bytes.subarray(at, at + length)
      if (restBytes === 0 && this.#pieces.length === 0) take({ partition, count, rows })
      else {
        this.#pieces.push(rows.slice())
        if (restBytes === 0) take({ partition, count, rows: Buffer.concat(this.#pieces.splice(0)) })
      }
      this.#advance(length)
    }
  }

  /** The head of the next frame; undefined where nothing is written. */
  #head(): readonly [partition: number, count: number, length: number, restBytes: number] | undefined {
    for (;;) {
      const { read } = this
      if (read === this.written) return undefined
      const at = read & (this.capacity - 1)
      const word = at / 4
      const [partition, count, length, restBytes] = this.words.subarray(word, word + 4)
      if (partition !== passOver) return [partition!, count!, length!, restBytes!]
      Atomics.store(this.positions, readWord, (read + this.capacity - at) | 0)
    }
  }

  #advance(length: number): void {
    Atomics.store(this.positions, readWord, (this.read + frameSize(length)) | 0)
  }
}

/** A whole number of heads: so each place where a frame may begin has room for one. */
function frameSize(length: number): number {
  return headBytes + Math.ceil(length / headBytes) * headBytes
}
