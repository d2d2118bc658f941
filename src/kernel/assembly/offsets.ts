/** Writes offsets as bytes, in the format that `../offset-codec.ts` describes and reads. */
import { piece } from './offsets-imports'

const chunkBytes: usize = 512
const chunkOffsets: u64 = 4096

/** The current offsets: a bit for each. */
export const bitmap = memory.data(512, 16)
/** Memory for a piece, as large as one may be. */
export const bytes = memory.data(1 << 16, 16)

const SINGLE: u64 = 0
const RUN: u64 = 1
const BITMAP: u64 = 2

/** Runs in a chunk from which on a bit for each offset is smaller: a run takes two bytes or more. */
const bitmapRuns: u32 = <u32>chunkBytes / 2
/** Bytes of a number up to 2^56. */
const varintBytesMax: usize = 8

let end: usize = 0
let at: usize = bytes
/** After what was written last. */
let next: u64 = 0
/** The current run, which the next chunk may prolong. */
let runStart: u64 = 0
let runEnd: u64 = 0

/** @param pieceBytesMax - Bytes of a piece, at least 1,024. */
export function start(pieceBytesMax: u32): void {
  end = bytes + pieceBytesMax
  at = bytes
  runStart = 0
  runEnd = 0
}

/** Adds those offsets of a chunk whose bits are set, after all that were added before. */
export function add(firstOffset: f64): void {
  const first = <u64>firstOffset
  if (runCount() >= bitmapRuns) return addBitmap(first)
  for (let word: usize = 0; word < chunkBytes; word += 8) {
    let bits = load<u64>(bitmap + word)
    let offset = first + (word << 3)
    while (bits != 0) {
      const skipped = ctz(bits)
      bits >>>= skipped
      const length = ctz(~bits)
      addRun(offset + skipped, length)
      offset += skipped + length
      bits = length == 64 ? 0 : bits >>> length
    }
  }
}

/** Hands over what is left. */
export function finish(): void {
  writeRun()
  cut()
}

/** How often a set bit follows one that is not set. */
function runCount(): u32 {
  let count: u64 = 0
  let last: u64 = 0
  for (let word: usize = 0; word < chunkBytes; word += 8) {
    const bits = load<u64>(bitmap + word)
    count += popcnt(bits & ~((bits << 1) | last))
    last = bits >>> 63
  }
  return <u32>count
}

function addRun(from: u64, length: u64): void {
  if (from != runEnd) {
    writeRun()
    runStart = from
  }
  runEnd = from + length
}

function writeRun(): void {
  const length = runEnd - runStart
  if (length == 0) return
  begin(runStart, length == 1 ? SINGLE : RUN, varintBytesMax)
  if (length > 1) writeVarint(length)
  next = runEnd
  runStart = runEnd
}

function addBitmap(first: u64): void {
  writeRun()
  begin(first, BITMAP, chunkBytes)
  memory.copy(at, bitmap, chunkBytes)
  at += chunkBytes
  next = first + chunkOffsets
}

/** Begins an entry with so many bytes of its own, in a new piece where it needs one. */
function begin(offset: u64, kind: u64, length: usize): void {
  if (at + 2 * varintBytesMax + length > end) cut()
  if (at == bytes) {
    writeVarint(offset)
    next = offset
  }
  writeVarint(4 * (offset - next) + kind)
}

function cut(): void {
  if (at > bytes) piece(<u32>(at - bytes))
  at = bytes
}

function writeVarint(value: u64): void {
  let rest = value
  for (; rest >= 128; rest >>>= 7) store<u8>(at++, (<u32>rest & 127) | 128)
  store<u8>(at++, <u32>rest)
}
