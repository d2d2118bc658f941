import { assert } from '../core/assert.ts'
import { chunkOffsets, type ChunkVisitor, chunkWords } from './offset-set.ts'
import { newMemory, type WasmGlobal, wasmInstance, wasmModule, wasmPageBytes } from './wasm-module.ts'

/** What `assembly/offsets.ts` exports. */
interface OffsetExports {
  readonly start: (pieceBytesMax: number) => void
  readonly add: (firstOffset: number) => void
  readonly finish: () => void
  readonly bitmap: WasmGlobal
  readonly bytes: WasmGlobal
}

const pieceBytesLimit = 1 << 16

/** Of the current series. */
let pieces: Uint8Array[] = []
const memory = newMemory(2 * wasmPageBytes)
const { start, add, finish, ...places } = wasmInstance<OffsetExports>(
  wasmModule('offsets'),
  { piece: takePiece },
  memory,
)
const bitmap = new Int32Array(memory.buffer, places.bitmap.value, chunkWords)
const pieceBytes = new Uint8Array(memory.buffer, places.bytes.value, pieceBytesLimit)

function takePiece(length: number): void {
  pieces.push(pieceBytes.slice(0, length))
}

/**
 * Writes offsets in ascending order as bytes. All numbers are unsigned varints: first the offset that the rest counts
 * from, then entries `4 * gap + kind`, where the gap lies between the entry and the one before:
 *
 * | kind | what begins there |
 * |---|---|
 * | 0 | one offset |
 * | 1 | a run of offsets; its length follows |
 * | 2 | a chunk of 4,096 offsets; a bit for each follows |
 *
 * A long series is cut into several pieces, each of which can be read by itself.
 *
 * @param pieceBytesMax - Bytes of a piece, at least 1,024.
 * @param write - Adds those offsets of a chunk whose bits are set, chunk by chunk in ascending order.
 * @returns The pieces; none when nothing was added.
 */
export function encodeOffsets(pieceBytesMax: number, write: (add: ChunkVisitor) => void): Uint8Array[] {
  assert(pieceBytesMax >= 1024 && pieceBytesMax <= pieceBytesLimit, `a piece has 1,024 to ${pieceBytesLimit} bytes`)
  pieces = []
  start(pieceBytesMax)
  let nextOffset = 0
  write((firstOffset, words) => {
    assert(firstOffset >= nextOffset, 'chunks are encoded in ascending order')
    nextOffset = firstOffset + chunkOffsets
    bitmap.set(words)
    add(firstOffset)
  })
  finish()
  return pieces
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
