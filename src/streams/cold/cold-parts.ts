import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import { ColdIndex, type ComparedKey, type PendingTable, type RecordColumns } from '../../kernel/index.ts'
import { oldestLimitMs } from '../expiry/eviction.ts'
import { Recall } from './recall.ts'

/** Of the bytes for pending parts, those that the index may take; the rest is for rows. */
const indexShareMax = 3 / 4

/**
 * The pending parts that are not in the table, because it is full: *cold* ones. They are pending as before, among the
 * pending offsets and in every account. Their bytes are where they came from, or in the checkpoint topic where they are
 * promoted; here is only where that is, by the hash of their key.
 *
 * State: the index of cold parts; those that are being recalled into the table. Invariant: a row is in the table or it
 * is cold, with all of its parts, between epochs; while it is recalled it is both, and whoever rolls back drops what is
 * in the table. Why it is right: rows move only while the table has no change that a rollback would undo, and what they
 * consist of has committed.
 */
export class ColdParts {
  readonly #table: PendingTable
  readonly #bytesMax: number
  readonly #index: ColdIndex
  #recall: Recall | undefined
  /** Of all parts that have moved out so far: what a part takes in the table. */
  #movedBytes = 0
  #movedParts = 0

  /** @param bytesMax - For pending parts, in the table and in the index. */
  constructor(table: PendingTable, bytesMax: number, index = new ColdIndex()) {
    this.#table = table
    this.#index = index
    this.#bytesMax = bytesMax
  }

  get isEmpty(): boolean {
    return this.#index.partCount === 0
  }

  get rowCount(): number {
    return this.#index.rowCount
  }

  get partCount(): number {
    return this.#index.partCount
  }

  /** Bytes that the index takes. */
  get bytes(): number {
    return this.#index.bytes
  }

  /** Bytes that rows in the table may take. */
  get tableBytesMax(): number {
    return this.#bytesMax - this.#index.bytes
  }

  /** Whether the row of a key is cold. */
  has(key: ComparedKey): boolean {
    return !this.isEmpty && this.#index.has(...this.#table.movedRows.hashOf(key))
  }

  /** The rows of keys, up to `bytes` of them; one at least. */
  rowsOf(keys: Iterable<ComparedKey>, bytes: number): Recall {
    const rows = new Recall(this.#index)
    for (const key of keys) {
      if (rows.partCount === 0 || this.bytesOf(rows) < bytes) rows.add(...this.#table.movedRows.hashOf(key))
    }
    return rows
  }

  /** Visits the cold rows in one of `pieces`: the sides that each has, as bits, and the timestamp of its oldest part. */
  survey(piece: number, visit: (sides: number, oldestMs: number) => void): void {
    this.#index.survey(piece, visit)
  }

  get pieces(): number {
    return this.#index.pieces
  }

  /** Whether rows may move: nothing is in flight, and nothing has changed since. */
  get mayMove(): boolean {
    return this.#table.isSettled
  }

  /** What is being recalled. */
  get recall(): Recall | undefined {
    return this.#recall
  }

  /** Bytes that a recall will take in the table, about. */
  bytesOf({ partCount }: Recall): number {
    return partCount * this.#partBytes
  }

  /** How many rows of a batch, from the first one on, are of keys of which nothing is cold. */
  readyRows(columns: RecordColumns): number {
    if (this.isEmpty) return columns.count
    const hashes = this.#table.movedRows.hashesOf(columns)
    for (let row = 0; row < columns.count; row++) {
      if (hashes[2 * row] !== 0 && this.#index.has(hashes[2 * row]!, hashes[2 * row + 1]!)) return row
    }
    return columns.count
  }

  /** What batches need of what is cold, from the first one on, up to `bytes` of it; one row at least. */
  neededBy(batches: Iterable<RecordColumns>, bytes: number): Recall {
    const needed = new Recall(this.#index)
    for (const columns of batches) {
      const hashes = this.#table.movedRows.hashesOf(columns)
      for (let row = 0; row < columns.count && (needed.partCount === 0 || this.bytesOf(needed) < bytes); row++) {
        if (hashes[2 * row] !== 0) needed.add(hashes[2 * row]!, hashes[2 * row + 1]!)
      }
    }
    return needed
  }

  /** Rows of which a cold part is of `limitMs` or before, up to `bytes` of them. */
  olderThan(limitMs: number, bytes: number): Recall {
    const older = new Recall(this.#index)
    this.#index.olderThan(limitMs, Math.ceil(bytes / this.#partBytes), (low, high) => older.add(low, high))
    return older
  }

  /**
   * Moves the oldest rows out of the table, until they have freed so many bytes, or no more can.
   *
   * @throws MillraceError `TABLE_FULL` when so much is cold that the index has no room left.
   */
  moveOut(bytes: number): void {
    assert(this.mayMove, 'rows move out while nothing is in flight')
    const { liveBytes } = this.#table
    const partsBefore = this.#index.partCount
    this.#move(bytes < liveBytes ? oldestLimitMs(this.#table, bytes) : Infinity, bytes)
    this.#movedBytes += liveBytes - this.#table.liveBytes
    this.#movedParts += this.#index.partCount - partsBefore
    if (this.#index.bytes > this.#bytesMax * indexShareMax) throw this.#indexFull()
  }

  /** Has all parts of a row be in one place, where some of them moved out before others came. */
  unite(): void {
    if (!this.isEmpty) this.#move(Infinity, Infinity, (low, high) => this.#index.has(low, high))
  }

  /** Begins to recall parts: the table takes them in, whatever its limit is. */
  beginRecall(recall: Recall): void {
    assert(this.mayMove && this.#recall === undefined, 'parts are recalled while nothing is in flight')
    this.#recall = recall
    this.#table.isLimited = false
  }

  /**
   * What is recalled is in the table, and not cold any more.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` where some parts have not come.
   */
  endRecall(): void {
    const recall = this.#recall
    assert(recall !== undefined, 'a recall ends once')
    if (!recall.isWhole) throw isMissing(recall)
    this.#table.settle()
    for (const [low, high] of recall.hashes) this.#index.delete(low, high)
    this.abandonRecall()
  }

  /** What has come of a recall is rolled back: its parts are cold as before. */
  abandonRecall(): void {
    if (this.#recall === undefined) return
    this.#recall = undefined
    this.#table.isLimited = true
    this.#table.bytesElsewhere = this.#index.bytes
  }

  /** Forgets all cold parts, which are to be read again. */
  forget(): void {
    this.#index.clear()
    this.#table.bytesElsewhere = 0
  }

  #move(limitMs: number, bytes: number, isWanted?: (low: number, high: number) => boolean): void {
    const index = this.#index
    this.#table.movedRows.moveOut(limitMs, bytes, {
      ...(isWanted && { isWanted }),
      take: (low, high, words, origin) => index.add(low, high, words, origin),
    })
    this.#table.bytesElsewhere = index.bytes
  }

  /** What a part has taken in the table, of those that have moved out. */
  get #partBytes(): number {
    return this.#movedBytes / this.#movedParts
  }

  #indexFull(): MillraceError {
    const { rowCount, partCount, bytes } = this.#index
    return new MillraceError(
      'TABLE_FULL',
      `the places of ${partCount} pending parts, which are not in the table, take ${bytes} bytes: raise pendingBytesMax, or give the correlation an expireAfterMs`,
      { rowCount, partCount, bytes },
    )
  }
}

function isMissing({ partCount, takenCount }: Recall): MillraceError {
  return new MillraceError(
    'CHECKPOINT_CORRUPT',
    `${partCount} pending parts were to be read again, which are not in the table, and reading their records gave ${takenCount}: a function of the program gives another result each time, or records are gone`,
    { expected: partCount, restored: takenCount },
  )
}
