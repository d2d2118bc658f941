import { assert } from '../core/assert.ts'
import { noSide, passEnd, type RecordColumns } from './columns.ts'
import { CopiedBytes } from './copied-bytes.ts'
import { CopiedColumns } from './copied-columns.ts'
import { duplicateReasons } from './dead-letter-reason.ts'
import type { HandedRecord } from './handed-record.ts'
import { PUBLISHED } from './constants/outcome.ts'
import { isKeyNumber, keyBytes, unitBytes } from './block.ts'
import { batchHeaderBytes } from './output-batch.ts'
import { MovedRows } from './cold/moved-rows.ts'
import { headsIn, pageAt } from './index-pages.ts'
import { chunkWords } from './offset-set.ts'
import type { AwaitedPass, ChangeVisitor, CompletedKey, TableCounts } from './table-counts.ts'
import { TableLiterals } from './table-literals.ts'
import { type TableHandlers, TableMachine } from './table-machine.ts'
import { mergedParts } from './merged-parts.ts'
import { setUp, type TableSetup, unitsInMemory } from './table-setup.ts'
import { type Departed, pageWords, UndoLog } from './undo-log.ts'
import { keyTextAt, partsOf, type PendingRow, rowAt, type RowVisit, type StoredPart, visitRow } from './pending-row.ts'
import type { PendingTableOptions, Publication } from './pending-table-options.ts'
import { memoryFull, tableFull, tableFullOfKeys } from './table-full.ts'

const itself = (lane: number) => lane

/** Of rows of several lanes; others that have no side had a reason before. */
function countDuplicates(columns: RecordColumns, from: number, to: number, { duplicate }: TableCounts): void {
  for (let row = from; row < to; row++) {
    if (columns.side[row] === noSide && duplicateReasons.has(columns.reason[row]!)) duplicate[columns.numberOf(row)]!++
  }
}

/** By what `assembly/awaited.ts` returns. */
const passOutcomes = ['more', 'ended', 'due'] as const

/** Open batches take no more memory than this; with more partitions than that allows they are smaller. */
const openBatchesBytesMax = 64 << 20

/**
 * The pending parts, outside the JavaScript heap: in the memory of WebAssembly, which does the work, by
 * `assembly/table.ts`.
 *
 * State: an index from the key's hash to the head of a row, a chain of blocks in an arena, one part each, or to a
 * completed key that is remembered; per open epoch a log of what it changed; the merged records that wait for their
 * batch to be full. Invariants: a row in the index has between one part and all but one; no side but a list occurs twice in a
 * row; a block of a completed row keeps its place until the epoch of its completion has committed. Why it is right: rollback
 * undoes the log backwards, and what a log entry names (where a part came from, the head of a row that left) cannot
 * move or be reused while its epoch is open. Cost per record: a copy of its bytes, one probe, one block written or one
 * row read; no object.
 */
export class PendingTable {
  readonly #handlers: TableHandlers = {
    filled: (partition, start, end, ...rest) =>
      this.#publication!.out.handOver(partition, this.#machine.bytes.subarray(start >>> 0, end >>> 0), ...rest),
    refused: (head, reason) => {
      for (const part of partsOf(this.#machine.words, head)) this.#publication!.refuse(part, reason)
    },
    expired: (head) => this.#publication!.expire(this.#rowAt(head)),
    merged: (head) => {
      const { words } = this.#machine
      const outcome = this.#publication!.merge!(this.#rowAt(head))
      if (outcome > PUBLISHED) for (const part of partsOf(words, head)) this.#publication!.refuse(part, outcome)
      else if (outcome === PUBLISHED) this.#mergedStored++
      return outcome
    },
    handed: (row, keyStart, valueStart, headersStart, carriedStart, end, greatestMs, leastMs) => {
      const { columns, from } = this.#pass!
      const record = this.#handedRecord
      record.bytes = this.#machine.buffer
      record.keyStart = keyStart >>> 0
      record.valueStart = valueStart >>> 0
      record.headersStart = headersStart >>> 0
      record.carriedStart = carriedStart >>> 0
      record.end = end >>> 0
      record.greatestMs = greatestMs
      record.leastMs = leastMs
      record.partition = columns.partition
      record.offset = columns.offset[from + row]!
      const outcome = this.#publication!.hand!(record)
      const cause = outcome > PUBLISHED ? this.#publication!.causeOf?.(outcome) : undefined
      if (cause !== undefined) columns.causes.set(from + row, cause)
      return outcome
    },
    traced: (row) => {
      const { columns, from } = this.#pass!
      this.#publication!.trace?.(mergedParts(this.#machine, this.#sideCount, columns, from + row))
    },
    changed: (partition, chunk, bitmap, added) => {
      const word = (bitmap >>> 0) / 4
      this.#onChange!(partition, chunk, this.#machine.words.subarray(word, word + chunkWords), added)
    },
    pending: (partition, offset) => Number(this.#isPending!(partition, offset)),
    movedOut: (head, low, high) => Number(this.#movedRows!.movedOut(head, low >>> 0, high >>> 0)),
  }
  readonly #machine: TableMachine
  readonly #sideCount: number
  readonly #setup: TableSetup
  #publication: Publication | undefined
  #onChange: ChangeVisitor | undefined
  #isPending: ((partition: number, offset: number) => boolean) | undefined
  #movedRows: MovedRows | undefined
  #isLimited = true
  #unitsElsewhere = 0
  /** The rows that are being taken in, and the first of them in this pass. */
  #pass: { columns: RecordColumns; from: number } | undefined
  readonly #handedRecord: HandedRecord = {
    bytes: Buffer.alloc(0),
    keyStart: 0,
    valueStart: 0,
    headersStart: 0,
    carriedStart: 0,
    end: 0,
    greatestMs: 0,
    leastMs: 0,
    partition: 0,
    offset: 0,
  }
  #isFull = false
  readonly #literals: TableLiterals
  readonly #columns: CopiedColumns
  /** Rows that the current call has merged with all of their parts in the table. */
  #mergedStored = 0
  /** The current records, and the keys and parts that do not stand in them. */
  readonly #bytes: CopiedBytes
  readonly #extra: CopiedBytes
  /** Epochs that are closed, but not committed, oldest first, with the rows that there were at their end. */
  readonly #closedEpochs: { readonly log: UndoLog; readonly rowCount: number }[] = []
  /** Rows at the end of the last committed epoch. */
  #committedRowCount = 0

  constructor(options: PendingTableOptions) {
    this.#sideCount = options.sideCount
    this.#machine = new TableMachine(this.#handlers, options.memory)
    this.#bytes = new CopiedBytes(this.#machine, this)
    this.#extra = new CopiedBytes(this.#machine, this)
    this.#setup = setUp(this.#machine, options)
    this.#columns = new CopiedColumns(this.#machine, this.#setup)
    this.#literals = new TableLiterals(this.#machine)
  }

  /** Whether the table has failed in itself, by `TABLE_BROKEN`: what is in it means nothing any more. */
  get isBroken(): boolean {
    return this.#machine.isBroken
  }

  /** Whether the last rows that were given in ended before a part that does not fit. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Bytes of room that the last call has left which was given some. */
  get roomLeftBytes(): number {
    return this.#machine.run.outputRoom.value >>> 0
  }

  /** Whether parts are refused beyond `bytesMax`, as they are at first, or only where the memory ends. */
  set isLimited(isLimited: boolean) {
    this.#isLimited = isLimited
    this.#limit()
  }

  /** Bytes of `bytesMax` that something else takes for pending parts. */
  set bytesElsewhere(bytes: number) {
    this.#unitsElsewhere = Math.ceil(bytes / unitBytes)
    this.#limit()
  }

  /** Pending rows. */
  get rowCount(): number {
    const { slotCount, rememberedSlots } = this.#machine.run
    return slotCount.value - rememberedSlots.value
  }

  /** Keys that have been completed, over all lives of the program; each has the number of those before it. */
  get completedCount(): number {
    return this.#machine.run.completedCount.value
  }

  /** How many of them, the first ones, are forgotten. */
  get forgottenCount(): number {
    return this.#machine.run.forgottenCount.value
  }

  /** Forgets completed keys with numbers below this one, or knows them again, as long as no sweep has passed since. */
  set forgottenCount(count: number) {
    assert(count >= 0 && count <= this.completedCount, 'only completed keys are forgotten')
    this.#machine.run.forgottenCount.value = count
  }

  /** Completed keys that take memory. */
  get rememberedCount(): number {
    return this.#machine.run.rememberedSlots.value
  }

  /** Those of them that are forgotten, until a sweep passes. */
  get unsweptCount(): number {
    return this.rememberedCount - (this.completedCount - this.forgottenCount)
  }

  /** Bytes in live blocks, rows of open epochs that have left included. */
  get liveBytes(): number {
    return this.#machine.run.liveUnits.value * unitBytes
  }

  /** Bytes of merged records that no batch was handed over with. */
  get openBytes(): number {
    return this.#machine.run.openBytes.value
  }

  /** Bytes of the memory that blocks and index take. */
  get reservedBytes(): number {
    const { blockUnits, slotPages } = this.#machine.run
    return blockUnits.value * unitBytes + slotPages.value * pageWords * 4
  }

  /** Bytes that the system has given to the table. */
  get memoryBytes(): number {
    return this.#machine.touchedBytes
  }

  /** Whether more than half of its memory is unused. */
  get isSparse(): boolean {
    return this.#machine.run.isSparse() !== 0 || this.#machine.isSparse
  }

  /** Sets where completed rows go from now on; merged records that no batch was handed over with are forgotten. */
  publishTo(publication: Publication): void {
    const { sideNames, recordBytesMax, out, hand } = publication
    assert(sideNames.length === this.#sideCount, 'every side has a name')
    const { run } = this.#machine
    this.#publication = publication
    run.recordBytesMax.value = recordBytesMax
    run.isHandedOver.value = Number(hand !== undefined)
    // Records that are handed over need no batches here, but the room to be written in.
    const partitionCount = hand === undefined ? out.partitionCount : 1
    run.partitionCount.value = partitionCount
    run.batchBytes.value = Math.floor(Math.min(out.batchBytes - batchHeaderBytes, openBatchesBytesMax / partitionCount))
    const isOpen = run.openOutput() !== 0
    assert(this.#literals.place(publication) && isOpen, 'the memory has room for open batches')
  }

  /** Sets which timestamps the sink takes; rows that would be merged with others leave as dead letters. */
  takeTimes(earliestMs: number, latestMs: number): void {
    const { run } = this.#machine
    run.earliestMs.value = earliestMs
    run.latestMs.value = latestMs
  }

  /** Hands over all merged records. */
  flush(): void {
    this.#machine.run.flush()
  }

  /**
   * Takes in the rows of a batch that belong to a side. A row that completes its key is published with its pending
   * parts; a second part of a side is marked as a dead letter.
   *
   * @param roomBytes - Bytes of merged records after which no more rows are taken in; one row is, however large.
   * @returns How many rows were taken in.
   * @throws MillraceError `TABLE_FULL` when a part does not fit below `bytesMax`; rows before it are in.
   */
  apply(columns: RecordColumns, counts: TableCounts, roomBytes = Infinity): number {
    const applied = this.applyFitting(columns, counts, roomBytes)
    if (this.#isFull) throw tableFull(this, columns, applied)
    return applied
  }

  /** The same, but ends without an error before a part that does not fit: then `isFull` is so. */
  applyFitting(columns: RecordColumns, counts: TableCounts, roomBytes = Infinity): number {
    const { length } = columns.extra
    this.#isFull = false
    this.#giveRoom(roomBytes)
    const extra = length === 0 ? 0 : this.#extra.copyIn(columns.extra.bytes.subarray(0, length))
    let applied = 0
    for (let to = 0; applied === to && applied < columns.count;) {
      const from = to
      to = passEnd(columns, from)
      applied = from + this.#applyPass(columns, from, to, extra, counts)
      this.#isFull = applied < to && this.#machine.run.outputRoom.value !== 0
    }
    this.#extra.shrink()
    this.#bytes.shrink()
    return applied
  }

  /**
   * Lets rows leave of which a part is of `limitMs` or before, and gives the memory of forgotten keys back, which are
   * not known again after that. Looks at `blocksMax` parts and keys at most, and no further when the rows that leave
   * take `roomBytes`; returns whether the sweep over all of them has come to its end, after which the next one begins.
   */
  sweep(limitMs: number, blocksMax: number, counts: TableCounts, roomBytes = Infinity): boolean {
    const { run } = this.#machine
    this.#giveRoom(roomBytes)
    const departedBefore = run.departedEnd.value >>> 0
    const isSwept = run.sweep(limitMs, blocksMax) !== 0
    this.#epochLog.countDeparturesSince(departedBefore, counts)
    return isSwept
  }

  /**
   * Goes on with a pass over rows that lack optional sides only, and merges those that `passes` passes have met before,
   * where that is allowed. Looks at `blocksMax` parts and keys at most, and no further when what is merged takes
   * `roomBytes`.
   *
   * @returns Whether the pass has come to its end, or to a row that is to be merged and must not.
   */
  passAwaited(request: AwaitedPass): 'more' | 'ended' | 'due' {
    const { passes, blocksMax, counts, roomBytes = Infinity } = request
    const { run } = this.#machine
    this.#giveRoom(roomBytes)
    this.#mergedStored = 0
    const departedBefore = run.departedEnd.value >>> 0
    const outcome = run.passAwaited(passes, blocksMax, Number(counts !== undefined))
    if (counts !== undefined) {
      this.#epochLog.countDeparturesSince(departedBefore, counts)
      if (counts.mergedRows !== undefined) counts.mergedRows += this.#mergedStored
    }
    return passOutcomes[outcome]!
  }

  /**
   * Lets rows leave that have left elsewhere, where another process is ahead: those with a part that is no longer
   * pending. Forgotten keys give their memory back. It looks at all parts and keys.
   *
   * @throws MillraceError `TABLE_FULL` when there is no memory to note what leaves; a rollback brings back what has
   * left.
   */
  retain(isPending: (partition: number, offset: number) => boolean): void {
    this.#isPending = isPending
    const isDone = this.#machine.run.retain() !== 0
    this.#isPending = undefined
    if (!isDone) throw memoryFull(this, pageWords * 4)
  }

  /** What moves rows out that stay pending; made once it is asked for. */
  get movedRows(): MovedRows {
    const [machine, columns, bytes, extra] = [this.#machine, this.#columns, this.#bytes, this.#extra]
    return (this.#movedRows ??= new MovedRows({ machine, columns, bytes, extra, settle: () => this.settle() }))
  }

  /** Whether nothing has changed that a rollback would undo. */
  get isSettled(): boolean {
    const { undoEnd, departedEnd } = this.#epochLog
    return this.#closedEpochs.length === 0 && undoEnd === 0 && departedEnd === 0
  }

  /**
   * The keys that the current epoch has completed so far, in that order; their bytes are valid until the table changes.
   */
  *completedKeys(): Generator<CompletedKey> {
    const { words } = this.#machine
    for (const head of this.#epochLog.completedHeads()) {
      yield { bytes: keyBytes(words, head), isNumber: isKeyNumber(words, head) }
    }
  }

  /** Goes on from a checkpoint in which so many keys were completed, and so many of them forgotten. */
  resume(completedCount: number, forgottenCount: number): void {
    this.#machine.run.completedCount.value = completedCount
    this.forgottenCount = forgottenCount
  }

  /**
   * Remembers a key that was completed before, with its number.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  recall(number: number, { bytes, isNumber }: CompletedKey): void {
    assert(number >= this.forgottenCount && number < this.completedCount, 'a key is remembered that was completed')
    const key = this.#bytes.copyIn(bytes)
    if (this.#machine.run.recall(number, key, bytes.length, Number(isNumber)) === 0) throw tableFullOfKeys(this)
  }

  /**
   * Tells how the current epoch has changed so far which parts are pending.
   *
   * @returns What the digest of these parts has grown by, two sums of 32 bits.
   */
  epochChanges(visit: ChangeVisitor): [low: number, high: number] {
    const { undoEnd, departedEnd } = this.#epochLog
    this.#onChange = visit
    this.#machine.run.tellChanges(undoEnd, departedEnd)
    this.#onChange = undefined
    const [low, high] = this.#machine.int32('digest', 2)
    return [low! >>> 0, high! >>> 0]
  }

  /** Begins the next epoch; what came before can still be undone until `commitEpoch`. */
  beginEpoch(): void {
    this.#closedEpochs.push({ log: this.#epochLog, rowCount: this.rowCount })
    this.#beginLog()
  }

  /** The oldest open epoch is durable: its completed rows are freed and it can no longer be undone. */
  commitEpoch(): void {
    const epoch = this.#closedEpochs.shift()
    assert(epoch !== undefined, 'an epoch is committed after the next one has begun')
    this.#machine.run.commit(epoch.log.undoEnd, epoch.log.departedEnd)
    this.#committedRowCount = epoch.rowCount
  }

  /**
   * What has changed is permanent, without an epoch of its own: it was in epochs before, as what is restored from a
   * checkpoint.
   */
  settle(): void {
    assert(this.#closedEpochs.length === 0, 'the table is settled before its first epoch, or while none is in flight')
    const { undoEnd, departedEnd } = this.#epochLog
    this.#machine.run.commit(undoEnd, departedEnd)
    this.#committedRowCount = this.rowCount
    this.#beginLog()
  }

  /** Undoes all open epochs, latest change first, and begins anew. */
  rollback(): void {
    const logs = [...this.#closedEpochs.splice(0).map(({ log }) => log), this.#epochLog]
    for (const { undoEnd, departedEnd } of logs.reverse()) this.#machine.run.rollback(undoEnd, departedEnd)
    this.#beginLog()
    assert(this.rowCount === this.#committedRowCount, 'a rollback leaves the rows of the last committed epoch')
  }

  /** Every pending part and where it came from, in no particular order. */
  *parts(): Generator<StoredPart> {
    for (const head of headsIn(this.#machine)) yield* partsOf(this.#machine.words, head)
  }

  /**
   * Visits the rows in one page of the index, with the sides that each has, as bits, and the timestamp of its oldest
   * part. Pages are found by the share of all hashes that stands before them, which splits and merges do not change: so
   * a table can be looked at piece by piece while it changes, and a row that stays is seen, once, unless two pages
   * merge.
   *
   * @param place - Where the page begins; 0 for the first.
   * @returns Where the next one begins; 1 after the last.
   */
  survey(place: number, visit: RowVisit): number {
    const { heads, next } = pageAt(this.#machine, place)
    for (const head of heads) visitRow(this.#machine.words, head, visit)
    return next
  }

  /** The key of a row that `survey` tells of, as text. */
  keyText(head: number): string {
    return keyTextAt(this.#machine.words, head)
  }

  /**
   * Gives memory back after rows have left: moves the blocks of segments that are mostly empty, at most `blocksMax` in
   * one call, and drops the segments. Does nothing while it is not sparse.
   *
   * @returns Whether there is more to do.
   */
  compact(blocksMax: number): boolean {
    const isUnfinished = this.#machine.run.compact(blocksMax) !== 0
    this.#machine.giveBack()
    return isUnfinished
  }

  #limit(): void {
    const limited = Math.max(0, this.#setup.unitsMax - this.#unitsElsewhere)
    this.#machine.run.unitsMax.value = this.#isLimited ? limited : unitsInMemory
  }

  /** What the current epoch has changed so far. */
  get #epochLog(): UndoLog {
    const { undoEnd, departedEnd } = this.#machine.run
    return new UndoLog(this.#machine, undoEnd.value, departedEnd.value)
  }

  #beginLog(): void {
    this.#machine.run.undoEnd.value = 0
    this.#machine.run.departedEnd.value = 0
  }

  #applyPass(columns: RecordColumns, from: number, to: number, extra: number, counts: TableCounts): number {
    const { run } = this.#machine
    this.#columns.copyIn(columns, from, to, this.#bytes, extra)
    this.#mergedStored = 0
    const departedBefore = run.departedEnd.value >>> 0
    const duplicatesBefore = run.duplicates.value
    this.#pass = { columns, from }
    const applied = run.apply(to - from)
    this.#pass = undefined
    this.#columns.copyOut(columns, from, to)
    const duplicates = run.duplicates.value - duplicatesBefore
    if (this.#setup.hasLanes) countDuplicates(columns, from, from + applied, counts)
    else counts.duplicate[columns.partition]! += duplicates
    const departed = this.#epochLog.countDeparturesSince(departedBefore, counts)
    const rowCount = this.#setup.mergesStored ? this.#mergedStored : this.#countLastParts(departed, columns, counts)
    if (counts.mergedRows !== undefined) counts.mergedRows += rowCount
    return applied
  }

  /** Counts the parts that were merged and not stored before; returns how many of them were published. */
  #countLastParts({ mergedCount, filteredCount }: Departed, { partition }: RecordColumns, counts: TableCounts): number {
    // All parts of a row but the last were in the table.
    const rowCount = mergedCount / (this.#sideCount - 1)
    const filteredRows = filteredCount / (this.#sideCount - 1)
    assert(Number.isInteger(rowCount + filteredRows), 'a row is merged with one part of each side')
    counts.emitted[partition]! += rowCount
    counts.filtered[partition]! += filteredRows
    return rowCount
  }

  #rowAt(head: number): PendingRow {
    return rowAt(this.#machine.words, head, this.#publication!.firstLaneOf ?? itself)
  }

  /** Room for output, of which the next call uses up what it writes. */
  #giveRoom(bytes: number): void {
    this.#machine.run.outputRoom.value = Math.max(1, Math.min(bytes, 0xffffffff))
  }
}
