/**
 * Rows that are not taken in yet, because their key is completed by a merge that may still be refused: they are cut out,
 * as rows of other shards are, to be taken in once that is known.
 */
import { columnsRowsMax } from '../constants/columns'
import { sideElsewhere } from '../constants/cut-row'
import { sides } from './columns'
import { cutBytesOf, writeCut } from './cut'

/** Those of the current rows, in their order; and the bytes of all, cut out. */
const rows = memory.data(2 * columnsRowsMax, 16)
export let deferredCount: u32 = 0
export let deferredBytes: u32 = 0

export function defer(row: u32): void {
  store<u16>(rows + (deferredCount << 1), <u16>row)
  deferredCount++
  deferredBytes += cutBytesOf(row)
}

/** Cuts them out, to `to`. */
export function cutDeferred(to: usize): void {
  for (let i: u32 = 0; i < deferredCount; i++) {
    const row = <u32>load<u16>(rows + (i << 1))
    to = writeCut(to, row)
    store<i8>(sides + row, sideElsewhere)
  }
  deferredCount = 0
  deferredBytes = 0
}
