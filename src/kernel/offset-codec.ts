import { chunkOffsets, chunkWords } from './offset-set.ts'

/**
 * Offsets in ascending order as bytes. All numbers are unsigned varints: first the offset that the rest counts from, then
 * entries `4 * gap + kind`, where the gap lies between the entry and the one before:
 *
 * | kind | what begins there |
 * |---|---|
 * | 0 | one offset |
 * | 1 | a run of offsets; its length follows |
 * | 2 | a chunk of 4,096 offsets; a bit for each follows |
 *
 * A long series is cut into several pieces, each of which can be read by itself.
 */
export class OffsetEncoder {
  readonly #pieceBytesMax: number
  readonly #pieces: Uint8Array[] = []
  readonly #bytes: Uint8Array
  #length = 0
  /** Behind what was written last. */
  #next = 0
  /** The run at hand, which the next chunk may prolong. */
  #runStart = 0
  #runEnd = 0

  /** @param pieceBytesMax - Bytes of a piece, at least 1,024. */
  constructor(pieceBytesMax: number) {
    this.#pieceBytesMax = pieceBytesMax
    this.#bytes = new Uint8Array(pieceBytesMax)
  }

  /** Adds the offsets whose bits are set, behind all that were added before. */
  add(firstOffset: number, words: Int32Array): void {
    if (runCount(words) >= bitmapRuns) return this.#addBitmap(firstOffset, words)
    for (let word = 0; word < chunkWords; word++) {
      const first = firstOffset + word * 32
      let bits = words[word]!
      for (let from = 0; bits !== 0;) {
        const skipped = trailingZeros(bits)
        bits >>>= skipped
        from += skipped
        const length = trailingZeros(~bits)
        this.#addRun(first + from, length)
        from += length
        bits = length === 32 ? 0 : bits >>> length
      }
    }
  }

  /** The pieces; none when nothing was added. */
  finish(): Uint8Array[] {
    this.#writeRun()
    this.#cut()
    return this.#pieces
  }

  #addRun(start: number, length: number): void {
    if (start !== this.#runEnd) {
      this.#writeRun()
      this.#runStart = start
    }
    this.#runEnd = start + length
  }

  #writeRun(): void {
    const length = this.#runEnd - this.#runStart
    if (length === 0) return
    this.#begin(this.#runStart, length === 1 ? Kind.single : Kind.run, varintBytesMax)
    if (length > 1) this.#varint(length)
    this.#next = this.#runEnd
    this.#runStart = this.#runEnd
  }

  #addBitmap(firstOffset: number, words: Int32Array): void {
    this.#writeRun()
    this.#begin(firstOffset, Kind.bitmap, chunkWords * 4)
    for (let word = 0; word < chunkWords; word++) {
      for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#length++] = words[word]! >>> shift
    }
    this.#next = firstOffset + chunkOffsets
  }

  /** Begins an entry with so many bytes of its own, in a new piece where it needs one. */
  #begin(offset: number, kind: number, bytes: number): void {
    if (this.#length + 2 * varintBytesMax + bytes > this.#pieceBytesMax) this.#cut()
    if (this.#length === 0) {
      this.#varint(offset)
      this.#next = offset
    }
    this.#varint(4 * (offset - this.#next) + kind)
  }

  #cut(): void {
    if (this.#length > 0) this.#pieces.push(this.#bytes.slice(0, this.#length))
    this.#length = 0
  }

  #varint(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128
    this.#bytes[this.#length++] = rest
  }
}

/**
 * Reads a piece, and gives the offsets on as ranges whose end does not belong to them.
 *
 * @throws RangeError when it is cut off or holds what the encoder does not write.
 */
export function decodeOffsets(bytes: Uint8Array, visit: (from: number, to: number) => void): void {
  let at = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new RangeError(`a series of offsets is broken at byte ${at - 1}`)
  }
  let next = varint()
  while (at < bytes.length) {
    const entry = varint()
    const offset = next + Math.floor(entry / 4)
    const kind = entry % 4
    if (kind === Kind.single) {
      next = offset + 1
      visit(offset, next)
    } else if (kind === Kind.run) {
      next = offset + varint()
      visit(offset, next)
    } else if (kind === Kind.bitmap && at + chunkWords * 4 <= bytes.length) {
      for (let bit = 0; bit < chunkOffsets; bit++) {
        if (((bytes[at + (bit >>> 3)]! >>> (bit & 7)) & 1) === 1) visit(offset + bit, offset + bit + 1)
      }
      at += chunkWords * 4
      next = offset + chunkOffsets
    } else throw new RangeError(`a series of offsets has an impossible entry before byte ${at}`)
  }
}

const Kind = { single: 0, run: 1, bitmap: 2 } as const

/** Runs in a chunk from which on a bit for each offset is smaller: a run takes two bytes or more. */
const bitmapRuns = chunkOffsets / 8 / 2
/** Bytes of a number up to 2^56. */
const varintBytesMax = 8

function trailingZeros(bits: number): number {
  return bits === 0 ? 32 : 31 - Math.clz32(bits & -bits)
}

/** How often a set bit follows one that is not set. */
function runCount(words: Int32Array): number {
  let count = 0
  let last = 0
  for (let word = 0; word < chunkWords; word++) {
    const bits = words[word]!
    count += bitCount(bits & ~((bits << 1) | last))
    last = bits >>> 31
  }
  return count
}

function bitCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
