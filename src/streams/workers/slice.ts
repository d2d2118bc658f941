/**
 * A slice: rows of a batch as they cross to a worker thread, in one buffer that is given away.
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

export function packSlice(columns: RecordColumns, rows: Int32Array): Uint8Array {
  const { bytes, recordStart, recordEnd, valueStart, valueEnd } = columns
  const count = rows.length
  const { first, end, length } = extentOf(columns, rows)
  const isDense = end - first <= sparseness * length
  let at = bytesPerRow * count
  const slice = new Uint8Array(at + (isDense ? end - first : length) + sourceSlackBytes)
  if (isDense) slice.set(bytes.subarray(first, end), at)
  const view = columnsOf(slice, count)
  for (let index = 0; index < count; index++) {
    const row = rows[index]!
    const start = recordStart[row]!
    const moved = at - (isDense ? first : start)
    if (!isDense) {
      slice.set(bytes.subarray(start, rowEnd(columns, row)), at)
      at += rowEnd(columns, row) - start
    }
    view.offset[index] = columns.offset[row]!
    view.timestamp[index] = columns.timestamp[row]!
    view.recordStart[index] = start + moved
    view.recordEnd[index] = recordEnd[row]! + moved
    view.valueStart[index] = valueStart[row]! < 0 ? -1 : valueStart[row]! + moved
    view.valueEnd[index] = valueEnd[row]! + moved
    view.lane[index] = columns.lane[row]!
  }
  return slice
}

/** Where rows begin and end, and how long they are together. */
function extentOf(columns: RecordColumns, rows: Int32Array) {
  let [first, end, length] = [Infinity, 0, 0]
  for (const row of rows) {
    const [rowStart, ownEnd] = [columns.recordStart[row]!, rowEnd(columns, row)]
    first = Math.min(first, rowStart)
    end = Math.max(end, ownEnd)
    length += ownEnd - rowStart
  }
  return { first, end, length }
}

/** Has columns be the rows of a slice, which nobody has looked at yet. */
export function unpackSlice(slice: Uint8Array, count: number, partition: number, to: RecordColumns): void {
  to.reset(partition, slice, new DataView(slice.buffer))
  to.count = count
  const view = columnsOf(slice, count)
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

function columnsOf({ buffer }: Uint8Array, count: number) {
  const ints = (index: number) => new Int32Array(buffer, (16 + 4 * index) * count, count)
  return {
    offset: new Float64Array(buffer, 0, count),
    timestamp: new Float64Array(buffer, 8 * count, count),
    recordStart: ints(0),
    recordEnd: ints(1),
    valueStart: ints(2),
    valueEnd: ints(3),
    lane: new Uint8Array(buffer, 32 * count, count),
  }
}
