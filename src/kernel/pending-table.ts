import { assert } from '../core/assert.ts'
import { EngineError } from '../core/errors.ts'
import { Arena, segmentOf, unitBytes, wordOf } from './arena.ts'
import { isSameKey, unitsForRow, writePart } from './block-writer.ts'
import { markUnused, offsetOf, partitionOf, partitionsMax, sideOf, sidesMax, unitsOf } from './block.ts'
import { noSide, rowFlags, type RecordColumns } from './columns.ts'
import { Compactor } from './compactor.ts'
import { HashIndex, segmentSlots, slotMask } from './hash-index.ts'
import { KeyHash } from './hash.ts'
import { departedEntryWords, leftMark, offsetOfWords, undoEntryWords, UndoLog } from './undo-log.ts'

/**
 * The parts that wait for their others, outside the JavaScript heap.
 *
 * State: an index from the key's hash to the head of a row, a chain of blocks in an arena, one part each; per open
 * epoch a log of what it changed.
 * Invariants: a row in the index has between one part and all but one; no side occurs twice in a row; a block of a
 * completed row keeps its place until the epoch of its completion has committed.
 * Steps for a pass of rows: hash all; read all their slots, then their blocks, so that the cache misses overlap; then
 * apply one after the other.
 * Why it is right: applying looks everything up again, so the earlier reads are only a hint to the processor; rollback
 * undoes the log backwards, and what a log entry names (where a part came from, the head of a row that left) cannot
 * move or be reused while its epoch is open.
 * Cost per record: one probe, one block written or one row read; no object.
 */
export interface PendingTableOptions {
  sideCount: number
  /** Bytes that parts may take together, keys and headers included. */
  bytesMax: number
  /** Two secret numbers for the hash of keys. */
  hashSeed: readonly [number, number]
  /** Dead-letter code for the second part of a side that a row has already. */
  duplicateReason: number
  /** Dead-letter code for the parts of a row that cannot be published for its size. */
  tooLargeReason: number
}

/** Receives complete rows while their blocks are still readable. */
export interface RowCompleted {
  /** Publishes a row. Returns false when it cannot be published for its size. */
  encode(head: number, columns: RecordColumns, row: number): boolean
  /** Makes a dead letter of a stored part whose row could not be published; the last part becomes one by its columns. */
  refuse(part: StoredPart): void
}

/** Where a stored part came from. */
export interface StoredPart {
  partition: number
  offset: number
  side: number
}

/** Counters of the epoch at hand by source partition, which the table raises as it goes. */
export interface TableCounts {
  /** Parts that left in a merged record. */
  readonly emitted: Float64Array
  /** Second parts of a side that was there. */
  readonly duplicate: Float64Array
  /** Stored parts that left as dead letters. */
  readonly deadLettered: Float64Array
}

/** Rows whose cache misses are overlapped. Measured: 64 to 512 alike, 1,024 slower. */
const passRows = 256

/** Words in a line of cache. */
const lineWords = 16

export class PendingTable {
  readonly arena = new Arena(markUnused)
  readonly #index = new HashIndex()
  readonly #compactor = new Compactor(this.arena, this.#index)
  readonly #hash: KeyHash
  readonly #allSides: number
  readonly #unitsMax: number
  readonly #duplicateReason: number
  readonly #tooLargeReason: number
  readonly #hashes = new Int32Array(passRows)
  readonly #heads = new Int32Array(passRows)
  /** Oldest epoch first; the last one is being filled. */
  readonly #openEpochs: UndoLog[] = [new UndoLog()]
  readonly #spareLogs: UndoLog[] = []
  /** Keeps the reads of `#touch` alive; its value means nothing. */
  touched = 0

  constructor({ sideCount, bytesMax, hashSeed, duplicateReason, tooLargeReason }: PendingTableOptions) {
    assert(sideCount >= 2 && sideCount <= sidesMax, `a row has 2 to ${sidesMax} sides`)
    this.#hash = new KeyHash(hashSeed[0], hashSeed[1])
    this.#allSides = 2 ** sideCount - 1
    this.#unitsMax = Math.floor(bytesMax / unitBytes)
    this.#duplicateReason = duplicateReason
    this.#tooLargeReason = tooLargeReason
  }

  /** Rows that wait for a part. */
  get rowCount(): number {
    return this.#index.count
  }

  /** Bytes in live blocks, rows of open epochs that have left included. */
  get liveBytes(): number {
    return this.arena.liveUnits * unitBytes
  }

  /** Bytes taken from the system for blocks and index. */
  get reservedBytes(): number {
    return this.arena.reservedUnits * unitBytes + this.#index.segmentCount * segmentSlots * 8
  }

  /**
   * Takes in all rows of a batch that belong to a side. A row that completes its key is handed to `completed` with the
   * parts that waited; a second part of a side is marked as a dead letter.
   *
   * @throws EngineError `TABLE_FULL` when a part does not fit below `bytesMax`; rows before it are in.
   */
  apply(columns: RecordColumns, completed: RowCompleted, counts: TableCounts): void {
    for (let from = 0; from < columns.count; from += passRows) {
      const to = Math.min(from + passRows, columns.count)
      this.#hashAll(columns, from, to)
      this.#touch(to - from)
      for (let row = from; row < to; row++) {
        const hash = this.#hashes[row - from]!
        if (hash !== 0) this.#applyRow(hash, columns, row, completed, counts)
      }
    }
  }

  /** What the epoch at hand has changed so far. */
  get epochLog(): UndoLog {
    return this.#openEpochs[this.#openEpochs.length - 1]!
  }

  /** Begins the next epoch; what came before can still be undone until `commitEpoch`. */
  beginEpoch(): void {
    this.#openEpochs.push(this.#spareLogs.pop() ?? new UndoLog())
  }

  /** The oldest open epoch is durable: its completed rows are freed and it can no longer be undone. */
  commitEpoch(): void {
    const log = this.#openEpochs.shift()
    assert(log !== undefined && this.#openEpochs.length > 0, 'an epoch is committed after the next one has begun')
    for (let i = 0; i < log.departedLength; i += departedEntryWords) {
      this.arena.free(log.departed[i]!, log.departed[i + 1]!)
    }
    this.#retireLog(log)
  }

  /** Undoes all open epochs, latest change first, and begins anew. */
  rollback(): void {
    for (let log = this.#openEpochs.pop(); log !== undefined; log = this.#openEpochs.pop()) {
      for (let at = log.length - undoEntryWords; at >= 0; at -= undoEntryWords) this.#undo(log.words, at)
      this.#retireLog(log)
    }
    this.#compactor.restart()
    this.#openEpochs.push(this.#spareLogs.pop() ?? new UndoLog())
  }

  /** Parts that wait, counted by source partition: a walk over all of them. */
  countPending(partitionCount: number): Float64Array {
    const counts = new Float64Array(partitionCount)
    for (const { partition } of this.parts()) counts[partition]!++
    return counts
  }

  /** Every part that waits and where it came from, in no particular order. */
  *parts(): Generator<StoredPart> {
    for (const head of this.#index.addresses()) yield* this.#partsOf(head)
  }

  /**
   * Gives memory back after rows have left: moves the blocks of segments that are mostly empty, at most `blocksMax` in
   * one call, and drops the segments. Does nothing while less than half of the memory is unused.
   */
  compact(blocksMax: number): void {
    this.#compactor.run(blocksMax)
  }

  *#partsOf(head: number): Generator<StoredPart> {
    for (let address = head; address !== 0;) {
      const words = this.arena.words[segmentOf(address)]!
      const word = wordOf(address)
      yield { partition: partitionOf(words, word), offset: offsetOf(words, word), side: sideOf(words, word) }
      address = words[word + 1]!
    }
  }

  #hashAll(columns: RecordColumns, from: number, to: number): void {
    const hashes = this.#hashes
    const { side, flags, keyStart, keyEnd, view } = columns
    for (let row = from; row < to; row++) {
      if (side[row] === noSide) {
        hashes[row - from] = 0
        continue
      }
      const flag = flags[row]!
      const keyView = (flag & rowFlags.keyInExtra) !== 0 ? columns.extra.view : view
      hashes[row - from] = this.#hash.of(keyView, keyStart[row]!, keyEnd[row]!, (flag & rowFlags.keyIsNumber) !== 0)
    }
  }

  /**
   * Reads what the pass is going to need, so that the cache misses overlap: this is how JavaScript prefetches. The
   * loops that miss do not branch on what they read, because a mispredicted branch would wait for the miss.
   */
  #touch(count: number): void {
    const hashes = this.#hashes
    const heads = this.#heads
    const segments = this.arena.words
    let touched = 0
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!
      touched ^= this.#index.segmentOf(hash).slots[2 * (hash & slotMask)]!
    }
    for (let i = 0; i < count; i++) heads[i] = this.#index.findHash(hashes[i]!)
    for (let i = 0; i < count; i++) {
      const words = segments[segmentOf(heads[i]!)]!
      const word = wordOf(heads[i]!)
      touched ^= words[word]! ^ words[word + lineWords]! ^ words[word + 2 * lineWords]!
      heads[i] = words[word + 1]!
    }
    for (let i = 0; i < count; i++) {
      const words = segments[segmentOf(heads[i]!)]!
      const word = wordOf(heads[i]!)
      touched ^= words[word]! ^ words[word + lineWords]!
    }
    this.touched ^= touched
  }

  #applyRow(hash: number, columns: RecordColumns, row: number, completed: RowCompleted, counts: TableCounts): void {
    const head = this.#find(hash, columns, row)
    const sideBit = 0x10000 << columns.side[row]!
    if (head === 0) {
      this.#insertHead(hash, columns, row, sideBit)
      return
    }
    const words = this.arena.words[segmentOf(head)]!
    const word = wordOf(head)
    const present = words[word + 2]!
    if ((present & sideBit) !== 0) {
      columns.side[row] = noSide
      columns.reason[row] = this.#duplicateReason
      counts.duplicate[columns.partition]!++
    } else if ((present | sideBit) >>> 16 === this.#allSides) {
      if (completed.encode(head, columns, row)) {
        counts.emitted[columns.partition]!++
        this.#depart(hash, head, counts.emitted)
      } else {
        columns.side[row] = noSide
        columns.reason[row] = this.#tooLargeReason
        for (const part of this.#partsOf(head)) completed.refuse(part)
        this.#depart(hash, head, counts.deadLettered)
      }
    } else {
      // The side is marked last: a part that does not fit any more must leave no trace.
      words[word + 1] = this.#insertPart(hash, columns, row, words[word + 1]!)
      words[word + 2] = present | sideBit
    }
  }

  /** Address of the row's head, or 0. */
  #find(hash: number, columns: RecordColumns, row: number): number {
    const slots = this.#index.segmentOf(hash).slots
    const segments = this.arena.words
    for (let i = hash & slotMask; ; i = (i + 1) & slotMask) {
      const stored = slots[2 * i]!
      if (stored === 0) return 0
      if (stored !== hash) continue
      const head = slots[2 * i + 1]!
      if (isSameKey(segments[segmentOf(head)]!, wordOf(head), columns, row)) return head
    }
  }

  #insertHead(hash: number, columns: RecordColumns, row: number, sideBit: number): void {
    const keyLength = columns.keyEnd[row]! - columns.keyStart[row]!
    const head = this.#store(hash, columns, row, keyLength, sideBit | keyLength, 0)
    this.#index.insert(hash, head)
  }

  #insertPart(hash: number, columns: RecordColumns, row: number, next: number): number {
    return this.#store(hash, columns, row, 0, 0, next)
  }

  /** Stores the part of a row, with its key if it is the head of its row, and returns where. */
  #store(hash: number, columns: RecordColumns, row: number, keyLength: number, headWord: number, next: number): number {
    const units = unitsForRow(columns, row, keyLength)
    if (this.arena.liveUnits + units > this.#unitsMax) throw this.#full(columns, row)
    const address = this.arena.allocate(units)
    if (address === 0) throw this.#full(columns, row)
    const words = this.arena.words[segmentOf(address)]!
    const word = wordOf(address)
    words[word] = hash
    words[word + 1] = next
    words[word + 2] = headWord
    writePart(words, word, columns, row, keyLength)
    this.epochLog.noteArrival(hash, columns.partition, columns.side[row]!, columns.offset[row]!)
    return address
  }

  /** Takes a completed row out of the index; its blocks stay until the epoch has ended. */
  #depart(hash: number, head: number, counts: Float64Array): void {
    const segments = this.arena.words
    const log = this.epochLog
    for (let address = head; address !== 0;) {
      const words = segments[segmentOf(address)]!
      const word = wordOf(address)
      const partition = partitionOf(words, word)
      counts[partition]!++
      const offset = offsetOf(words, word)
      log.noteDepartedBlock(address, unitsOf(words, word), hash, partition, sideOf(words, word), offset)
      address = words[word + 1]!
    }
    this.#index.remove(hash, head)
    log.noteDeparture(hash, head)
  }

  #undo(entries: Int32Array, at: number): void {
    const hash = entries[at]!
    if (entries[at + 3] === leftMark) {
      this.#index.insert(hash, entries[at + 1]!)
    } else {
      this.#removeArrival(hash, entries[at + 1]! & (partitionsMax - 1), offsetOfWords(entries, at + 2))
    }
  }

  /** Takes out the part that came from `partition` and `offset`. */
  #removeArrival(hash: number, partition: number, offset: number): void {
    const segments = this.arena.words
    for (const head of this.#index.withHash(hash)) {
      const headWords = segments[segmentOf(head)]!
      const headWord = wordOf(head)
      let previous = 0
      for (let address = head; address !== 0;) {
        const words = segments[segmentOf(address)]!
        const word = wordOf(address)
        const next = words[word + 1]!
        if (partitionOf(words, word) === partition && offsetOf(words, word) === offset) {
          if (previous === 0) {
            assert(next === 0, 'the first part of a row arrived first and so is undone last')
            this.#index.remove(hash, head)
          } else {
            headWords[headWord + 2]! &= ~(0x10000 << sideOf(words, word))
            segments[segmentOf(previous)]![wordOf(previous) + 1] = next
          }
          this.arena.free(address, unitsOf(words, word))
          return
        }
        previous = address
        address = next
      }
    }
    throw new Error(`assertion failed: the part of partition ${partition}, offset ${offset} is in the table`)
  }

  #retireLog(log: UndoLog): void {
    log.clear()
    this.#spareLogs.push(log)
  }

  #full(columns: RecordColumns, row: number): EngineError {
    return new EngineError(
      'TABLE_FULL',
      `the pending table is full: ${this.liveBytes} bytes in ${this.rowCount} open keys; raise pendingBytesMax, or look for keys whose parts never come`,
      {
        liveBytes: this.liveBytes,
        rowCount: this.rowCount,
        partition: columns.partition,
        offset: columns.offset[row]!,
      },
    )
  }
}
