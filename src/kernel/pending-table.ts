import { assert } from '../core/assert.ts'
import { isKeyNumber, keyBytes, partitionOf, unitBytes } from './block.ts'
import { MovedRows } from './cold/moved-rows.ts'
import type { RecordColumns } from './columns.ts'
import { CompletedNumbers, type TableTasks } from './completed-numbers.ts'
import { keyBytesLimit } from './constants/block.ts'
import { CopiedBytes } from './copied-bytes.ts'
import { CopiedColumns } from './copied-columns.ts'
import { EpochLogs } from './epoch-logs.ts'
import { headsIn, pageAt } from './index-pages.ts'
import { encodeOriginsPrefix } from './origins.ts'
import { batchHeaderBytes } from './output-batch.ts'
import { PartRoutes } from './part-routes.ts'
import { keyTextAt, partsOf, type PendingRow, type RowVisit, type StoredPart, visitRow } from './pending-row.ts'
import type { PendingTableOptions, Publication } from './pending-table-options.ts'
import { storedColumns } from './stored-columns.ts'
import { TableCalls } from './table-calls.ts'
import type { AwaitedPass, ChangeVisitor, ComparedKey, CompletedKey, TableCounts } from './table-counts.ts'
import { memoryFull, tableFull, tableFullOfKeys } from './table-full.ts'
import { TableIntake } from './table-intake.ts'
import { TableLiterals } from './table-literals.ts'
import type { TableMachine } from './table-machine.ts'
import { type ShardPlace, TableShard } from './table-shard.ts'
import { setUp, type TableSetup, unitsInMemory } from './table-setup.ts'
import { pageWords } from './undo-log.ts'

/** By what `assembly/awaited.ts` returns. */
const passOutcomes = ['more', 'ended', 'due'] as const

const oneTask: TableTasks = { count: 1, taskOf: () => 0 }

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
  /** The numbers of completed keys. */
  readonly completed: CompletedNumbers
  readonly #calls: TableCalls
  readonly #machine: TableMachine
  readonly #sideCount: number
  readonly #setup: TableSetup
  readonly #epochs: EpochLogs
  readonly #intake: TableIntake
  readonly #literals: TableLiterals
  readonly #columns: CopiedColumns
  /** The current records, and the keys and parts that do not stand in them. */
  readonly #bytes: CopiedBytes
  readonly #extra: CopiedBytes
  #routes: PartRoutes | undefined
  #isLimited = true
  #unitsElsewhere = 0

  constructor(options: PendingTableOptions) {
    const { sideCount, memory, tasks = oneTask } = options
    this.completed = new CompletedNumbers(tasks)
    const calls = new TableCalls(this.completed, memory)
    const { machine } = calls
    this.#calls = calls
    this.#machine = machine
    this.#sideCount = sideCount
    this.#epochs = new EpochLogs(machine)
    this.#bytes = new CopiedBytes(machine, this)
    this.#extra = new CopiedBytes(machine, this)
    this.#setup = setUp(machine, options)
    this.#columns = new CopiedColumns(machine, this.#setup)
    this.#literals = new TableLiterals(machine)
    const [setup, epochs, columns, bytes, extra] = [this.#setup, this.#epochs, this.#columns, this.#bytes, this.#extra]
    this.#intake = new TableIntake({ sideCount, setup, calls, epochs, columns, bytes, extra })
  }

  /** Whether the table has failed in itself, by `TABLE_BROKEN`: what is in it means nothing any more. */
  get isBroken(): boolean {
    return this.#machine.isBroken
  }

  /** Whether the last rows that were given in ended before a part that does not fit. */
  get isFull(): boolean {
    return this.#intake.isFull
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
    return this.#epochs.rowCount
  }

  /** Completed keys that take memory. */
  get rememberedCount(): number {
    return this.#machine.run.rememberedSlots.value
  }

  /** Those of them that are forgotten, until a sweep passes. */
  get unsweptCount(): number {
    return this.rememberedCount - this.completed.rememberedCount
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
    const { keyName, sideNames, recordBytesMax, out, hand } = publication
    assert(sideNames.length === this.#sideCount, 'every side has a name')
    const { run } = this.#machine
    this.#calls.publication = publication
    this.#calls.handOver = (...batch) => out.handOver(...batch)
    run.recordBytesMax.value = recordBytesMax
    run.isHandedOver.value = Number(hand !== undefined)
    // Records that are handed over need no batches here, but the room to be written in.
    this.#openBatches(hand === undefined ? out.partitionCount : 1, out.batchBytes)
    const sides = [...sideNames].map((name) => literal(',', name))
    this.#literals.place([literal('{', keyName), ...sides, encodeOriginsPrefix()])
  }

  /** What writes parts to where their keys belong, in a program that takes none in; made once it is asked for. */
  get routes(): PartRoutes {
    return (this.#routes ??= new PartRoutes({
      calls: this.#calls,
      columns: this.#columns,
      bytes: this.#bytes,
      extra: this.#extra,
      literals: this.#literals,
      load: this,
      openBatches: (partitionCount, batchBytes) => this.#openBatches(partitionCount, batchBytes),
    }))
  }

  /** This table as one of several that share all keys. To be made once: it has memory to cut rows out to. */
  shardAt(place: ShardPlace): TableShard {
    const [machine, calls, intake, bytes] = [this.#machine, this.#calls, this.#intake, this.#bytes]
    return new TableShard({ calls, intake, bytes, cut: new CopiedBytes(machine, this), load: this }, place)
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
    if (this.isFull) throw tableFull(this, columns, applied)
    return applied
  }

  /** The same, but ends without an error before a part that does not fit: then `isFull` is so. */
  applyFitting(columns: RecordColumns, counts: TableCounts, roomBytes = Infinity): number {
    this.#giveRoom(roomBytes)
    return this.#intake.take(columns, counts)
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
    this.#epochs.current.countDeparturesSince(departedBefore, counts)
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
    this.#calls.mergedStored = 0
    const departedBefore = run.departedEnd.value >>> 0
    const outcome = run.passAwaited(passes, blocksMax, Number(counts !== undefined))
    if (counts !== undefined) {
      this.#epochs.current.countDeparturesSince(departedBefore, counts)
      if (counts.mergedRows !== undefined) counts.mergedRows += this.#calls.mergedStored
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
    this.#calls.isPending = isPending
    const isDone = this.#machine.run.retain() !== 0
    this.#calls.isPending = undefined
    if (!isDone) throw memoryFull(this, pageWords * 4)
  }

  /** What moves rows out that stay pending; made once it is asked for. */
  get movedRows(): MovedRows {
    const [machine, columns, bytes, extra] = [this.#machine, this.#columns, this.#bytes, this.#extra]
    return (this.#calls.movedRows ??= new MovedRows({ machine, columns, bytes, extra, settle: () => this.settle() }))
  }

  /** Whether nothing has changed that a rollback would undo. */
  get isSettled(): boolean {
    return this.#epochs.isSettled
  }

  /**
   * The keys that the current epoch has completed so far, in that order; their bytes are valid until the table changes.
   */
  *completedKeys(): Generator<CompletedKey> {
    const { words } = this.#machine
    for (const head of this.#epochs.current.completedHeads()) {
      const task = this.completed.taskOf(partitionOf(words, head))
      yield { bytes: keyBytes(words, head), isNumber: isKeyNumber(words, head), task }
    }
  }

  /**
   * Remembers a key that a task has completed before, with its number.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  recall(task: number, number: number, { bytes, isNumber }: ComparedKey): void {
    assert(!this.completed.isForgotten(task, number), 'a key is remembered that was completed')
    const key = this.#bytes.copyIn(bytes)
    if (this.#machine.run.recall(task, number, key, bytes.length, Number(isNumber)) === 0) throw tableFullOfKeys(this)
  }

  /** Tells how the current epoch has changed so far which parts are pending. */
  epochChanges(visit: ChangeVisitor): void {
    const { undoEnd, departedEnd } = this.#epochs.current
    this.#calls.onChange = visit
    this.#machine.run.tellChanges(undoEnd, departedEnd)
    this.#calls.onChange = undefined
  }

  /** Begins the next epoch; what came before can still be undone until `commitEpoch`. */
  beginEpoch(): void {
    this.#epochs.begin()
  }

  /** The oldest open epoch is durable: its completed rows are freed and it can no longer be undone. */
  commitEpoch(): void {
    this.#epochs.commit()
  }

  /**
   * What has changed is permanent, without an epoch of its own: it was in epochs before, as what is restored from a
   * checkpoint.
   */
  settle(): void {
    this.#epochs.settle()
  }

  /** Undoes all open epochs, latest change first, and begins anew. */
  rollback(): void {
    this.#epochs.rollback()
  }

  /** Every pending part and where it came from, in no particular order. */
  *parts(): Generator<StoredPart> {
    for (const head of headsIn(this.#machine)) yield* partsOf(this.#machine.words, head)
  }

  /**
   * The same as columns by which another table takes them in; valid until the next ones are asked for.
   *
   * @param areKept - Whether they are valid for good: some 80 bytes for each part, and the part. @defaultValue false
   */
  storedColumns(areKept = false): Generator<RecordColumns> {
    return storedColumns(this.#machine.words, headsIn(this.#machine), areKept)
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

  /**
   * The row of a key, which may have changed in epochs that are open: `isSettled` tells whether some are. Undefined where
   * none is pending. Not to be called while rows are taken in.
   *
   * @throws MillraceError `TABLE_FULL` when there is no memory for the key.
   */
  find({ bytes, isNumber }: ComparedKey): PendingRow | undefined {
    if (bytes.length > keyBytesLimit) return undefined
    const key = this.#bytes.copyIn(bytes)
    const head = this.#machine.run.findRow(key, bytes.length, Number(isNumber))
    return head === 0 ? undefined : this.#calls.rowAt(head)
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

  #openBatches(partitionCount: number, batchBytes: number): void {
    const { run } = this.#machine
    run.partitionCount.value = partitionCount
    run.batchBytes.value = Math.floor(Math.min(batchBytes - batchHeaderBytes, openBatchesBytesMax / partitionCount))
    assert(run.openOutput() !== 0, 'the memory has room for open batches')
  }

  #limit(): void {
    const limited = Math.max(0, this.#setup.unitsMax - this.#unitsElsewhere)
    this.#machine.run.unitsMax.value = this.#isLimited ? limited : unitsInMemory
  }

  /** Room for output, of which the next call uses up what it writes. */
  #giveRoom(bytes: number): void {
    this.#machine.run.outputRoom.value = Math.max(1, Math.min(bytes, 0xffffffff))
  }
}

/** `<lead><name>:` */
function literal(lead: string, name: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(lead), name, Buffer.from(':')])
}
