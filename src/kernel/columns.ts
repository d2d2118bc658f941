import {
  columnsRowsMax,
  KEY_IN_EXTRA,
  KEY_IS_NUMBER,
  KEY_RESPELLED,
  PART_IN_EXTRA,
  SPELLING_IN_EXTRA,
} from './constants/columns.ts'
import { GrowableBytes } from './growable-bytes.ts'

/** Bytes that must be readable after the last record of a source, because values are read four bytes at a time. */
export const sourceSlackBytes = 8

/** What `side` holds when a row belongs to no side. */
export const noSide = -1

/** Flags of a row. */
export const rowFlags = {
  partInExtra: PART_IN_EXTRA,
  keyInExtra: KEY_IN_EXTRA,
  keyIsNumber: KEY_IS_NUMBER,
  keyRespelled: KEY_RESPELLED,
  spellingInExtra: SPELLING_IN_EXTRA,
  /** The row leaves the stream without a part: a function said so. */
  filtered: 16,
  /** The row has left before a flatMap has made anything of its record: it stands for all that would have been made. */
  unmade: 64,
} as const

/** The place of a record in a topic. */
export interface RecordOrigin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Where its partition has several lanes: in which of them it is to be taken in, that of this index or that and all after it. */
  readonly index?: number
  readonly extent?: 'one' | 'rest'
}

/**
 * Records of one source partition as columns of numbers: the message that travels from actor to actor. A row is an
 * index; no object is made per record. Positions refer to `bytes`, the batch as fetched, or to `extra`.
 */
export class RecordColumns {
  /** Number of rows in use. */
  count = 0
  /** Number of the source partition, or of its first lane: those of the others follow it. */
  partition = 0
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Bytes made on the way: unescaped keys, parts returned by stage functions. */
  readonly extra = new GrowableBytes(4096)

  readonly offset = new Float64Array(columnsRowsMax)
  readonly timestamp = new Float64Array(columnsRowsMax)
  /** Where the record begins, after its length: attributes, timestamp, offset, key, value, headers follow. */
  readonly recordStart = new Int32Array(columnsRowsMax)
  readonly recordEnd = new Int32Array(columnsRowsMax)
  /** Where the value begins; -1 for a null value. */
  readonly valueStart = new Int32Array(columnsRowsMax)
  readonly valueEnd = new Int32Array(columnsRowsMax)

  /** Index of the side, or `noSide` where `reason` says why. */
  readonly side = new Int8Array(columnsRowsMax)
  /** Why the row is a dead letter; 0 while it is not. */
  readonly reason = new Uint8Array(columnsRowsMax)
  readonly flags = new Uint8Array(columnsRowsMax)
  readonly keyStart = new Int32Array(columnsRowsMax)
  readonly keyEnd = new Int32Array(columnsRowsMax)
  readonly spellingStart = new Int32Array(columnsRowsMax)
  readonly spellingEnd = new Int32Array(columnsRowsMax)
  readonly partStart = new Int32Array(columnsRowsMax)
  readonly partEnd = new Int32Array(columnsRowsMax)
  /** How many parts of a list the part tells; only where some tell it. */
  readonly numberTold = new Int32Array(columnsRowsMax)
  /** Headers in `extra` that the part carries into the merged record, their count in front; only where parts carry some. */
  readonly carriedStart = new Int32Array(columnsRowsMax)
  readonly carriedEnd = new Int32Array(columnsRowsMax)
  /**
   * The lane of the row, of those that its partition has: which one it is of the records that were made of one. 0 where
   * each record is one.
   */
  readonly lane = new Uint8Array(columnsRowsMax)

  readonly #all = [
    this.offset,
    this.timestamp,
    this.recordStart,
    this.recordEnd,
    this.valueStart,
    this.valueEnd,
    this.side,
    this.reason,
    this.flags,
    this.keyStart,
    this.keyEnd,
    this.spellingStart,
    this.spellingEnd,
    this.partStart,
    this.partEnd,
    this.numberTold,
    this.carriedStart,
    this.carriedEnd,
    this.lane,
  ]

  /** Texts of dead letters that have more to say than their reason; a row without one is absent. */
  readonly causes = new Map<number, string>()

  /** Where records were before, by their offsets now; absent where all are as their source has them. */
  origins: ReadonlyMap<number, RecordOrigin> | undefined

  /** Rows whose headers may have a trace that nobody has looked at, in order; absent where that may be any. */
  unseenRows: number[] | undefined

  /** Whether the rows are pending, and come once more because the table does not have them. */
  areRecalled = false

  /** Has no row carry anything. */
  carryNothing(): void {
    this.carriedStart.fill(0, 0, this.count)
    this.carriedEnd.fill(0, 0, this.count)
  }

  /** The number of the lane that a row is in; that of the partition where it has one. */
  numberOf(row: number): number {
    return this.partition + this.lane[row]!
  }

  /** Drops the rows that are not to be kept. For rows that have not come to the route yet. */
  keep(isKept: (offset: number, row: number) => boolean): void {
    let kept = 0
    for (let row = 0; row < this.count; row++) {
      if (!isKept(this.offset[row]!, row)) continue
      if (kept !== row) {
        copyKnown(this, row, this, kept)
        this.lane[kept] = this.lane[row]!
      }
      kept++
    }
    this.count = kept
  }

  /** The given rows, which nobody has looked at yet, over the same bytes. */
  pick(rows: readonly number[]): RecordColumns {
    const picked = new RecordColumns()
    picked.reset(this.partition, this.bytes, this.view)
    picked.origins = this.origins
    picked.areRecalled = this.areRecalled
    for (const row of rows) picked.copyRow(this, row)
    return picked
  }

  /** Adds a row of other columns over the same bytes, which has no side yet, with what was found of it. */
  copyRow(other: RecordColumns, row: number): void {
    const to = this.count++
    copyKnown(other, row, this, to)
    const cause = other.causes.get(row)
    if (cause !== undefined) this.causes.set(to, cause)
  }

  /** Drops the first rows, which have been dealt with. */
  drop(rows: number): void {
    const { count } = this
    for (const column of this.#all) column.copyWithin(0, rows, count)
    this.count = count - rows
    const causes = [...this.causes]
    this.causes.clear()
    for (const [row, cause] of causes) if (row >= rows) this.causes.set(row - rows, cause)
  }

  /** Says of rows that nobody has looked at yet that nothing is wrong with them. */
  clearFindings(): void {
    this.reason.fill(0, 0, this.count)
    this.flags.fill(0, 0, this.count)
  }

  /** Whether a row was filtered, or became a dead letter, where findings are kept from step to step. */
  hasLeft(row: number): boolean {
    return this.reason[row] !== 0 || (this.flags[row]! & rowFlags.filtered) !== 0
  }

  /** Makes a dead letter of a row. @param cause - Where there is more to say than the reason does. */
  refuse(row: number, reason: number, cause?: string): void {
    this.side[row] = noSide
    this.reason[row] = reason
    if (cause !== undefined) this.causes.set(row, cause)
  }

  /** Has a row leave without a part. */
  filter(row: number): void {
    this.side[row] = noSide
    this.flags[row]! |= rowFlags.filtered
  }

  /** Empties the columns and points them at the bytes of one partition. */
  reset(partition: number, bytes: Uint8Array, view: DataView): void {
    this.count = 0
    this.partition = partition
    this.bytes = bytes
    this.view = view
    this.extra.clear()
    this.causes.clear()
    this.origins = undefined
    this.unseenRows = undefined
    this.areRecalled = false
  }
}

/** Copies what is known of a row before the route, but for its lane. */
function copyKnown(from: RecordColumns, row: number, to: RecordColumns, at: number): void {
  to.offset[at] = from.offset[row]!
  to.timestamp[at] = from.timestamp[row]!
  to.recordStart[at] = from.recordStart[row]!
  to.recordEnd[at] = from.recordEnd[row]!
  to.valueStart[at] = from.valueStart[row]!
  to.valueEnd[at] = from.valueEnd[row]!
  to.side[at] = from.side[row]!
  to.reason[at] = from.reason[row]!
  to.flags[at] = from.flags[row]!
}

/** Bytes of the records that are copied into WebAssembly at once; a larger record goes alone. */
const passBytesMax = 1 << 20

/** The row after those from `from` on that go into WebAssembly together. */
export function passEnd(columns: RecordColumns, from: number): number {
  return endWithin(columns, from, passBytesMax)
}

/** Where the bytes of the rows before `to` end: their records, and a value that stands after its record. */
export function bytesEnd({ recordEnd, valueEnd }: RecordColumns, to: number): number {
  return Math.max(recordEnd[to - 1]!, valueEnd[to - 1]!)
}

/** The row after those from `from` on whose records take so many bytes together, one at least. */
export function endWithin({ count, recordStart, recordEnd }: RecordColumns, from: number, bytesMax: number): number {
  if (from === count) return count
  const end = recordStart[from]! + bytesMax
  if (recordEnd[count - 1]! <= end) return count
  let to = from + 1
  while (to < count && recordEnd[to]! <= end) to++
  return to
}
