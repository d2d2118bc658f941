/**
 * A slice: rows of a batch as they cross to a worker thread. Several lie one after the other in one buffer, which is given
 * away and comes back with what was made of them.
 *
 * It has the columns that functions see, one after the other, and then the records with their values, at positions that
 * count from the start of the buffer. A worker fills columns of its own from it, so functions meet what they meet on the
 * main thread. Bytes between rows are copied along where they are few.
 */
import { type RecordColumns, sourceSlackBytes } from '../../kernel/index.ts'

const bytesPerRow = 8 + 8 + 4 * 4 + 1
/** Where the bytes between the rows are so many times the rows' at most, all are copied at once. */
const sparseness = 4

/** Where the bytes of a row end: its record, and a value that stands after its record. */
function rowEnd({ recordEnd, valueEnd }: RecordColumns, row: number): number {
  return Math.max(recordEnd[row]!, valueEnd[row]!)
}

/** Where the bytes of a slice's rows lie among those of their batch, and what room the slice takes. */
export interface SlicePlan {
  readonly first: number
  readonly end: number
  /** Whether the bytes between the rows are copied along. */
  readonly isDense: boolean
  /** Bytes that it takes: a multiple of eight. */
  readonly size: number
}

/** The index after those of the rows from `from` on that make one slice: `rowsMax` at most, and so many bytes. */
export function sliceEnd(
  columns: RecordColumns,
  rows: Int32Array,
  from: number,
  { rowsMax, bytesMax }: { readonly rowsMax: number; readonly bytesMax: number },
): number {
  const most = Math.min(rows.length, from + rowsMax)
  let bytes = 0
  let to = from
  while (to < most) {
    bytes += rowEnd(columns, rows[to]!) - columns.recordStart[rows[to]!]!
    if (bytes > bytesMax && to > from) break
    to++
  }
  return to
}

export function planSlice(columns: RecordColumns, rows: Int32Array): SlicePlan {
  let [first, end, length] = [Infinity, 0, 0]
  for (const row of rows) {
    const [rowStart, ownEnd] = [columns.recordStart[row]!, rowEnd(columns, row)]
    first = Math.min(first, rowStart)
    end = Math.max(end, ownEnd)
    length += ownEnd - rowStart
  }
  const isDense = end - first <= sparseness * length
  const size = bytesPerRow * rows.length + (isDense ? end - first : length)
  return { first, end, isDense, size: Math.ceil(size / 8) * 8 }
}

/** @param start - Where the slice begins in `slices`: a multiple of eight. */
export function packSlice(
  columns: RecordColumns,
  rows: Int32Array,
  { first, end, isDense }: SlicePlan,
  slices: Uint8Array,
  start: number,
): void {
  const { bytes, recordStart, recordEnd, valueStart, valueEnd } = columns
  const count = rows.length
  let at = start + bytesPerRow * count
  if (isDense) slices.set(bytes.subarray(first, end), at)
  const view = columnsOf(slices, start, count)
  for (let index = 0; index < count; index++) {
    const row = rows[index]!
    const moved = at - (isDense ? first : recordStart[row]!)
    if (!isDense) {
      slices.set(bytes.subarray(recordStart[row]!, rowEnd(columns, row)), at)
      at += rowEnd(columns, row) - recordStart[row]!
    }
    view.offset[index] = columns.offset[row]!
    view.timestamp[index] = columns.timestamp[row]!
    view.recordStart[index] = recordStart[row]! + moved
    view.recordEnd[index] = recordEnd[row]! + moved
    view.valueStart[index] = valueStart[row]! < 0 ? -1 : valueStart[row]! + moved
    view.valueEnd[index] = valueEnd[row]! + moved
    view.lane[index] = columns.lane[row]!
  }
}

/** The memory that slices of so many bytes in all need. */
export function slicesBytes(size: number): number {
  return size + sourceSlackBytes
}

/** Where a slice is, and of which partition. */
interface PackedSlice {
  readonly start: number
  readonly count: number
  readonly partition: number
}

/** Has columns be the rows of a slice, which nobody has looked at yet. */
export function unpackSlice(slices: Uint8Array, { start, count, partition }: PackedSlice, to: RecordColumns): void {
  to.reset(partition, slices, new DataView(slices.buffer))
  to.count = count
  const view = columnsOf(slices, start, count)
  to.offset.set(view.offset)
  to.timestamp.set(view.timestamp)
  to.recordStart.set(view.recordStart)
  to.recordEnd.set(view.recordEnd)
  to.valueStart.set(view.valueStart)
  to.valueEnd.set(view.valueEnd)
  to.lane.set(view.lane)
  to.side.fill(0, 0, count)
  to.partStart.fill(-1, 0, count)
  to.clearFindings()
}

function columnsOf({ buffer }: Uint8Array, start: number, count: number) {
  const ints = (index: number) => new Int32Array(buffer, start + (16 + 4 * index) * count, count)
  return {
    offset: new Float64Array(buffer, start, count),
    timestamp: new Float64Array(buffer, start + 8 * count, count),
    recordStart: ints(0),
    recordEnd: ints(1),
    valueStart: ints(2),
    valueEnd: ints(3),
    lane: new Uint8Array(buffer, start + 32 * count, count),
  }
}
