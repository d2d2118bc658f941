/**
 * Tells of merges of which a part carries a trace that is followed, many at once, as bytes one after the other: so what
 * is sampled costs no call of TypeScript each.
 *
 * | bytes | content |
 * |---|---|
 * | 4 | bytes of the merge, these included |
 * | 4 | number of parts |
 * | 8 | id of its span; 0 while it has none |
 *
 * and then for each part, by side:
 *
 * | bytes | content |
 * |---|---|
 * | 4, 4 | side, source partition |
 * | 8, 8 | offset, timestamp, as doubles |
 * | 4 | length of what it carries; 0 where its trace is not followed |
 * | | what it carries |
 *
 * `../traced-merges.ts` reads and writes it too, and `spans.ts` makes spans of it.
 */
import { sidesMax } from '../constants/block'
import { TRACED } from '../constants/carried'
import { carriedSpanBytesMax } from '../constants/span'
import {
  mergedPartBytes,
  mergeHeadBytes,
  mergeSpanIdAt,
  partCarriedLengthAt,
  partCountAt,
  partOffsetAt,
  partPartitionAt,
  partTimestampAt,
} from '../constants/traced-merge'
import { offsetOf, partitionIn, placeOf, timestampOf } from './block'
import { blockOf, carriedIn, carriedLengthIn } from './carried-parts'
import { offsetAt, partitionAt, timestampAt } from './columns'
import { copyOver } from './copy'
import { sideCount } from './state'
import { traced } from './table-imports'

/** Bytes of merges that are told at once, and of one merge at most. */
const bufferBytes: u32 = 32 << 10
const mergeBytesMax: u32 = mergeHeadBytes + sidesMax * (mergedPartBytes + carriedSpanBytesMax)

const buffer = memory.data(bufferBytes + 16, 16)
let length: u32 = 0
let count: u32 = 0

/** Takes note of the row that is being published, which `row` completes, where the trace of a part is followed. */
export function noteTraced(row: u32): void {
  if (length + mergeBytesMax > bufferBytes) tellTraced()
  const merge = buffer + length
  let to = merge + mergeHeadBytes
  let isTraced = false
  for (let side: u32 = 0; side < sideCount; side++) {
    const block = blockOf(side)
    const carried = followedLengthIn(side, row)
    isTraced = isTraced || carried != 0
    store<u32>(to, side)
    store<u32>(to, block == 0 ? partitionAt(row) : partitionIn(placeOf(block)), partPartitionAt)
    store<f64>(to, <f64>(block == 0 ? offsetAt(row) : offsetOf(block)), partOffsetAt)
    store<f64>(to, <f64>(block == 0 ? timestampAt(row) : timestampOf(block)), partTimestampAt)
    store<u32>(to, carried, partCarriedLengthAt)
    to = copyOver(to + mergedPartBytes, carriedIn(side, row), carried)
  }
  if (!isTraced) return
  store<u32>(merge, <u32>(to - merge))
  store<u32>(merge, sideCount, partCountAt)
  store<u64>(merge, 0, mergeSpanIdAt)
  length += <u32>(to - merge)
  count++
}

/** Tells of what has been noted. */
export function tellTraced(): void {
  if (count == 0) return
  traced(buffer, buffer + length, count)
  forgetTraced()
}

/** Begins anew, whatever has been noted. */
export function forgetTraced(): void {
  length = 0
  count = 0
}

/** Length of what a part carries whose trace is followed; else 0. */
function followedLengthIn(side: u32, row: u32): u32 {
  const carried = carriedLengthIn(side, row)
  if (carried == 0 || (load<u8>(carriedIn(side, row)) & TRACED) == 0) return 0
  if (carried > <u32>carriedSpanBytesMax) unreachable()
  return carried
}
