import { rowFlags, type RecordColumns } from '../columns.ts'
import { keyBytesLimit } from '../constants/block.ts'
import { KeyTag, MergeKeyReader, Status } from '../json/index.ts'
import type { ValueKind } from '../json/value-kind.ts'
import { spelledKey } from './compared-key.ts'

/** Reads keys that are spelled as JSON into the columns of their rows, in canonical form. */
export class RowKeys {
  readonly #reader: MergeKeyReader

  constructor(keyBytesMax: number) {
    this.#reader = new MergeKeyReader({ spellingBytesMax: keyBytesMax })
  }

  /** Keeps a key that was made for a row: a string, or a finite number. */
  keep(columns: RecordColumns, row: number, key: string | number): Status {
    const { bytes, kind } = spelledKey(key)
    columns.keyStart[row] = columns.extra.append(bytes)
    columns.keyEnd[row] = columns.extra.length
    const status = this.read(columns, row, kind, columns.extra.bytes)
    const isRespelled = (columns.flags[row]! & rowFlags.keyRespelled) !== 0
    columns.flags[row]! |= rowFlags.keyInExtra | (isRespelled ? rowFlags.spellingInExtra : 0)
    return status
  }

  /**
   * Reads the key that lies, as it is spelled, where the columns say that the key of a row is.
   *
   * @param bytes - Where it lies.
   */
  read(columns: RecordColumns, row: number, kind: ValueKind, bytes = columns.bytes): Status {
    const reader = this.#reader
    const start = columns.keyStart[row]!
    const end = columns.keyEnd[row]!
    const status = reader.read(bytes, start, end, kind)
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
