import { blockFlags, blockHeaderWords, highWord, keyLengthOf, unitsFor } from './block.ts'
import { rowFlags, type RecordColumns } from './columns.ts'

/** Size of the block that the part of a row needs. `keyLength` is 0 for a part that hangs behind the head of its row. */
export function unitsForRow(columns: RecordColumns, row: number, keyLength: number): number {
  return unitsFor(keyLength, spellingLengthOf(columns, row), columns.partEnd[row]! - columns.partStart[row]!)
}

/** Writes what a block says of its record: from the length of its part on, with the key if it has one. */
export function writePart(
  words: Int32Array,
  word: number,
  columns: RecordColumns,
  row: number,
  keyLength: number,
): void {
  const flags = columns.flags[row]!
  const isRespelled = (flags & rowFlags.keyRespelled) !== 0
  const partStart = columns.partStart[row]!
  const partLength = columns.partEnd[row]! - partStart
  const offset = columns.offset[row]!
  const timestamp = columns.timestamp[row]!
  words[word + 3] = partLength
  words[word + 4] =
    columns.partition |
    (columns.side[row]! << 20) |
    (isRespelled ? blockFlags.respelled : 0) |
    ((flags & rowFlags.keyIsNumber) !== 0 ? blockFlags.keyIsNumber : 0)
  words[word + 5] = offset | 0
  words[word + 6] = highWord(offset, timestamp)
  words[word + 7] = timestamp | 0
  let at = word + blockHeaderWords
  if (keyLength !== 0) at = copyKey(words, at, keyViewOf(columns, flags), columns.keyStart[row]!, keyLength)
  if (isRespelled) {
    const spellingLength = spellingLengthOf(columns, row)
    words[at] = spellingLength
    at = copyIn(words, at + 1, columns.view, columns.spellingStart[row]!, spellingLength)
  }
  const partView = (flags & rowFlags.partInExtra) !== 0 ? columns.extra.view : columns.view
  copyIn(words, at, partView, partStart, partLength)
}

/** Whether the row at `word` has the key of a record: of the same type, and the same bytes. */
export function isSameKey(words: Int32Array, word: number, columns: RecordColumns, row: number): boolean {
  const flag = columns.flags[row]!
  const start = columns.keyStart[row]!
  const length = columns.keyEnd[row]! - start
  if (keyLengthOf(words, word) !== length) return false
  if (((words[word + 4]! & blockFlags.keyIsNumber) !== 0) !== ((flag & rowFlags.keyIsNumber) !== 0)) return false
  const view = keyViewOf(columns, flag)
  let at = word + blockHeaderWords
  const whole = start + (length & ~3)
  for (let i = start; i < whole; i += 4, at++) if (words[at] !== view.getInt32(i, true)) return false
  const rest = length & 3
  return rest === 0 || words[at] === (view.getInt32(whole, true) & (0xffffff >>> ((3 - rest) << 3)))
}

/** Copies a key and pads it with zeros; returns the index behind it. */
function copyKey(words: Int32Array, at: number, view: DataView, start: number, length: number): number {
  const whole = start + (length & ~3)
  for (let i = start; i < whole; i += 4) words[at++] = view.getInt32(i, true)
  const rest = length & 3
  if (rest !== 0) words[at++] = view.getInt32(whole, true) & (0xffffff >>> ((3 - rest) << 3))
  return at
}

/** Copies whole words, up to three bytes more than asked; returns the index behind them. */
function copyIn(words: Int32Array, at: number, view: DataView, start: number, length: number): number {
  for (let i = 0; i < length; i += 4) words[at++] = view.getInt32(start + i, true)
  return at
}

function keyViewOf(columns: RecordColumns, flags: number): DataView {
  return (flags & rowFlags.keyInExtra) !== 0 ? columns.extra.view : columns.view
}

function spellingLengthOf(columns: RecordColumns, row: number): number {
  if ((columns.flags[row]! & rowFlags.keyRespelled) === 0) return 0
  return columns.spellingEnd[row]! - columns.spellingStart[row]!
}
