import { rowFlags, type RecordColumns } from '../columns.ts'
import { keyBytesLimit } from '../constants/block.ts'
import { KeyTag, MergeKeyReader, Status, type ValueKind } from '../json/index.ts'

/** Reads keys that are spelled as JSON into the columns of their rows, in canonical form. */
export class RowKeys {
  readonly #reader: MergeKeyReader

  constructor(keyBytesMax: number) {
    this.#reader = new MergeKeyReader({ spellingBytesMax: keyBytesMax })
  }

  /** Reads the key that lies, as it is spelled, where the columns say that the key of a row is. */
  read(columns: RecordColumns, row: number, kind: ValueKind): Status {
    const reader = this.#reader
    const start = columns.keyStart[row]!
    const end = columns.keyEnd[row]!
    const status = reader.read(columns.bytes, start, end, kind)
    if (status !== Status.OK) return status
    columns.flags[row] = reader.tag === KeyTag.NUMBER ? rowFlags.keyIsNumber : 0
    if (!reader.inScratch) {
      columns.keyStart[row] = reader.start
      columns.keyEnd[row] = reader.end
      return Status.OK
    }
    // The canonical form of a long number can be longer than its spelling.
    const isTooLong = reader.end - reader.start > keyBytesLimit
    if (!isTooLong) this.#keepRespelled(columns, row, start, end)
    reader.clear()
    return isTooLong ? Status.KEY_TOO_LONG : Status.OK
  }

  /** The canonical key moves to the columns, which outlive the reader's scratch. */
  #keepRespelled(columns: RecordColumns, row: number, start: number, end: number): void {
    const { scratch, start: from, end: to } = this.#reader
    const kept = columns.extra.append(scratch.subarray(from, to))
    columns.keyStart[row] = kept
    columns.keyEnd[row] = kept + (to - from)
    columns.spellingStart[row] = start
    columns.spellingEnd[row] = end
    columns.flags[row]! |= rowFlags.keyInExtra | rowFlags.keyRespelled
  }
}
