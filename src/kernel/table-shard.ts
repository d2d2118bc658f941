import { assert } from '../core/assert.ts'
import { RecordColumns } from './columns.ts'
import { cutGapBytes, shardsMax } from './constants/cut-row.ts'
import type { CopiedBytes } from './copied-bytes.ts'
import type { TableCalls } from './table-calls.ts'
import type { ComparedKey, TableCounts } from './table-counts.ts'
import { tableFull, type TableLoad } from './table-full.ts'
import type { TableIntake } from './table-intake.ts'

/** What of a table takes rows in. */
export interface TableShardParts {
  readonly calls: TableCalls
  readonly intake: TableIntake
  readonly bytes: CopiedBytes
  /** Where rows are cut out to. */
  readonly cut: CopiedBytes
  readonly load: TableLoad
}

/** Which keys a table has: those of one of so many equal shares of all hashes. */
export interface ShardPlace {
  /** From 0 on; `shardCount` of a table that has none, and cuts all rows out. */
  readonly shard: number
  /** 64 at most. */
  readonly shardCount: number
}

/** Rows of one batch that were cut out. */
export interface CutBatch {
  readonly partition: number
  readonly count: number
  readonly rows: Uint8Array
}

/** Is given the rows that belong to another shard; their bytes are valid until it returns. */
export type CutVisitor = (shard: number, batch: CutBatch) => void

/**
 * A table that has the rows of its own keys only: it cuts the other rows out of what it is given, by `assembly/cut.ts`,
 * and takes in those that other shards have cut out. Together they hold what one table would, as long as all of them have
 * one seed; and so they take rows of a partition in the order of its offsets, each from one shard, in turn.
 *
 * Cost per record: a hash of its key; of a row that is another's, a copy of key and part more.
 */
export class TableShard {
  readonly place: ShardPlace
  readonly #parts: TableShardParts
  /** Rows that are made current without columns: only what the table says of them is in these. */
  readonly #placed = new RecordColumns()
  /** Rows that are to be taken in later, as if cut out by another shard. */
  #deferred: CutBatch[] = []

  constructor(parts: TableShardParts, place: ShardPlace) {
    const { shard, shardCount } = place
    assert(shardCount >= 1 && shardCount <= shardsMax, `a table has 1 to ${shardsMax} shards`)
    assert(shard >= 0 && shard <= shardCount, 'a shard is one of those that there are, or none of them')
    this.#parts = parts
    this.place = place
    parts.calls.defer = (partition) => this.#defer(partition)
  }

  /**
   * Takes in the rows of its own keys, and cuts the others out, which have no side any more then.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  take(columns: RecordColumns, counts: TableCounts, onCut: CutVisitor): void {
    const { intake, load } = this.#parts
    this.#giveRoom()
    const taken = intake.take(columns, counts, (count) => this.#cutOut(count, columns.partition, onCut))
    if (intake.isFull) throw tableFull(load, columns, taken)
  }

  /**
   * Takes in rows that another shard has cut out. The columns that it returns say what became of them: side, reason,
   * offset and lane; nothing else is in them. They are valid until the next ones.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  takeCut({ partition, count, rows }: CutBatch, counts: TableCounts): RecordColumns {
    const { calls, intake, bytes, load } = this.#parts
    const { machine } = calls
    const columns = this.#placed
    columns.partition = partition
    columns.count = count
    machine.run.placeCut(bytes.copyIn(rows), count)
    machine.int32('origin', 1)[0] = partition
    columns.offset.set(machine.float64('offsets', count))
    columns.lane.set(machine.uint8('lanes', count))
    this.#giveRoom()
    const taken = intake.takeCurrent(columns, counts)
    if (intake.isFull) throw tableFull(load, columns, taken)
    bytes.shrink()
    return columns
  }

  /**
   * Completed keys with numbers from this one on may still be none. Rows that meet such a key are deferred: they have no
   * side any more, and no reason. @defaultValue Infinity
   */
  set confirmed(number: number) {
    this.#parts.calls.machine.run.confirmed.value = number
  }

  /** Whether rows are deferred. */
  get isDeferring(): boolean {
    return this.#deferred.length > 0
  }

  /**
   * Takes in rows that were deferred, in their order, before any that came after them. Those that still meet a key that
   * is not confirmed are deferred again.
   *
   * @param onTaken - Is given what `takeCut` returns.
   * @throws MillraceError `TABLE_FULL`
   */
  takeDeferred(counts: TableCounts, onTaken: (columns: RecordColumns) => void): void {
    const deferred = this.#deferred
    this.#deferred = []
    for (const batch of deferred) onTaken(this.takeCut(batch, counts))
  }

  /** What was deferred is not to be taken in. */
  dropDeferred(): void {
    this.#deferred = []
  }

  /** Whether a key is one of its own. */
  has({ bytes: key, isNumber }: ComparedKey): boolean {
    const { calls, bytes } = this.#parts
    const { shard, shardCount } = this.place
    const start = bytes.copyIn(key)
    const hash = calls.machine.run.hashOf(start, start + key.length, Number(isNumber)) >>> 0
    // As `assembly/cut.ts` has it.
    return Math.floor((hash * shardCount) / 2 ** 32) === shard
  }

  #cutOut(count: number, partition: number, onCut: CutVisitor): void {
    const { calls, cut } = this.#parts
    const { machine } = calls
    const { shard: own, shardCount } = this.place
    const size = machine.run.measureCut(count, own, shardCount) >>> 0
    let at = cut.take(size)
    machine.run.cutOut(count, own, shardCount, at)
    const [counts, sizes] = [machine.int32('cutCounts', shardCount), machine.int32('cutSizes', shardCount)]
    for (let shard = 0; shard < shardCount; shard++) {
      const end = at + sizes[shard]!
      if (counts[shard]! > 0) onCut(shard, { partition, count: counts[shard]!, rows: machine.bytes.subarray(at, end) })
      at = end + cutGapBytes
    }
    cut.shrink()
  }

  #defer(partition: number): void {
    const { calls, cut } = this.#parts
    const { machine } = calls
    const [count, size] = [machine.run.deferredCount.value, machine.run.deferredBytes.value >>> 0]
    const at = cut.take(size + cutGapBytes)
    machine.run.cutDeferred(at)
    this.#deferred.push({ partition, count, rows: machine.bytes.slice(at, at + size) })
    cut.shrink()
  }

  /** Whatever is merged is sent on: how much that may be is the concern of who gives rows. */
  #giveRoom(): void {
    this.#parts.calls.machine.run.outputRoom.value = 0xffffffff
  }
}
