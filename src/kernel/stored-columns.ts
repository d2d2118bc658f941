import {
  carriedBytes,
  isKeyNumber,
  keyBytes,
  offsetOf,
  partBytes,
  partitionOf,
  sideOf,
  spellingBytes,
  timestampOf,
  unitWords,
} from './block.ts'
import { RecordColumns, rowFlags } from './columns.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { GrowableBytes } from './growable-bytes.ts'
import { blocksOf } from './pending-row.ts'

/** Bytes of parts that are copied before they are given on; one part may be larger. */
const bytesMax = 1 << 20

/**
 * The parts of rows as columns by which another table takes them in, those of one partition at a time. They are valid
 * until the next ones are asked for.
 *
 * @param areKept - Whether they are valid for good, each in memory of its own.
 */
export function* storedColumns(words: Int32Array, heads: Iterable<number>, areKept: boolean): Generator<RecordColumns> {
  const copies = new Map<number, CopiedParts>()
  for (const head of heads) {
    const key = keyBytes(words, head * unitWords)
    const isNumber = isKeyNumber(words, head * unitWords)
    for (const word of blocksOf(words, head)) {
      const partition = partitionOf(words, word)
      let copied = copies.get(partition)
      if (copied === undefined) copies.set(partition, (copied = new CopiedParts(partition)))
      copied.add(words, word, key, isNumber)
      if (!copied.isFull) continue
      yield copied.take()
      if (areKept) copies.delete(partition)
    }
  }
  for (const copied of copies.values()) if (!copied.isTaken) yield copied.take()
}

/** Parts of one partition, copied out of a table. */
class CopiedParts {
  readonly #columns = new RecordColumns()
  readonly #bytes = new GrowableBytes(4096)
  readonly #partition: number
  /** Whether the rows have been given on. */
  isTaken = false

  constructor(partition: number) {
    this.#partition = partition
    this.#clear()
  }

  get isFull(): boolean {
    return this.#columns.count === columnsRowsMax || this.#bytes.length >= bytesMax
  }

  add(words: Int32Array, word: number, key: Uint8Array, isNumber: boolean): void {
    if (this.isTaken) this.#clear()
    const [columns, bytes] = [this.#columns, this.#bytes]
    const row = columns.count++
    const spelling = spellingBytes(words, word)
    const carried = carriedBytes(words, word)
    const start = bytes.length
    columns.offset[row] = offsetOf(words, word)
    columns.timestamp[row] = timestampOf(words, word)
    columns.side[row] = sideOf(words, word)
    columns.reason[row] = 0
    columns.lane[row] = 0
    columns.flags[row] = (isNumber ? rowFlags.keyIsNumber : 0) | (spelling === undefined ? 0 : rowFlags.keyRespelled)
    columns.keyStart[row] = bytes.append(key)
    columns.keyEnd[row] = bytes.length
    columns.spellingStart[row] = spelling === undefined ? start : bytes.append(spelling)
    columns.spellingEnd[row] = spelling === undefined ? start : bytes.length
    columns.partStart[row] = bytes.append(partBytes(words, word))
    columns.partEnd[row] = bytes.length
    columns.recordStart[row] = start
    columns.recordEnd[row] = bytes.length
    columns.valueStart[row] = columns.partStart[row]!
    columns.valueEnd[row] = bytes.length
    columns.carriedStart[row] = carried === undefined ? 0 : columns.extra.append(carried)
    columns.carriedEnd[row] = columns.carriedStart[row]! + (carried?.length ?? 0)
  }

  take(): RecordColumns {
    this.isTaken = true
    this.#columns.bytes = this.#bytes.bytes
    this.#columns.view = this.#bytes.view
    return this.#columns
  }

  #clear(): void {
    this.isTaken = false
    this.#bytes.clear()
    this.#columns.reset(this.#partition, this.#bytes.bytes, this.#bytes.view)
  }
}
