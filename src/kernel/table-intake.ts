import { assert } from '../core/assert.ts'
import { noSide, passEnd, type RecordColumns } from './columns.ts'
import type { CopiedBytes } from './copied-bytes.ts'
import type { CopiedColumns } from './copied-columns.ts'
import { duplicateReasons } from './dead-letter-reason.ts'
import type { EpochLogs } from './epoch-logs.ts'
import type { TableCalls } from './table-calls.ts'
import type { TableCounts } from './table-counts.ts'
import type { TableSetup } from './table-setup.ts'
import type { Departed } from './undo-log.ts'

/** What a table has that takes rows in. */
export interface TableIntakeParts {
  readonly sideCount: number
  readonly setup: TableSetup
  readonly calls: TableCalls
  readonly epochs: EpochLogs
  readonly columns: CopiedColumns
  /** The current records, and the keys and parts that do not stand in them. */
  readonly bytes: CopiedBytes
  readonly extra: CopiedBytes
}

/** Takes rows into the table, pass by pass, and counts what became of them. */
export class TableIntake {
  readonly #parts: TableIntakeParts
  #isFull = false

  constructor(parts: TableIntakeParts) {
    this.#parts = parts
  }

  /** Whether the last rows ended before a part that does not fit. */
  get isFull(): boolean {
    return this.#isFull
  }

  /**
   * @param cutOut - Takes those out of the current rows that are not to be taken in here.
   * @returns How many rows were taken in.
   */
  take(columns: RecordColumns, counts: TableCounts, cutOut?: (rowCount: number) => void): number {
    const { calls, bytes, extra } = this.#parts
    const { length } = columns.extra
    this.#isFull = false
    const extraAt = length === 0 ? 0 : extra.copyIn(columns.extra.bytes.subarray(0, length))
    let taken = 0
    for (let to = 0; taken === to && taken < columns.count;) {
      const from = to
      to = passEnd(columns, from)
      this.#parts.columns.copyIn(columns, from, to, bytes, extraAt)
      cutOut?.(to - from)
      taken = from + this.#pass(columns, from, to, counts)
      this.#isFull = taken < to && calls.machine.run.outputRoom.value !== 0
    }
    extra.shrink()
    bytes.shrink()
    return taken
  }

  /** The same of rows that are current already. */
  takeCurrent(columns: RecordColumns, counts: TableCounts): number {
    const taken = this.#pass(columns, 0, columns.count, counts)
    this.#isFull = taken < columns.count
    return taken
  }

  #pass(columns: RecordColumns, from: number, to: number, counts: TableCounts): number {
    const { calls, epochs, setup, columns: copied } = this.#parts
    const { run } = calls.machine
    calls.mergedStored = 0
    const departedBefore = run.departedEnd.value >>> 0
    const duplicatesBefore = run.duplicates.value
    calls.pass = { columns, from }
    const taken = run.apply(to - from)
    calls.pass = undefined
    if (run.deferredCount.value > 0) calls.defer!(columns.partition)
    copied.copyOut(columns, from, to)
    const duplicates = run.duplicates.value - duplicatesBefore
    if (setup.hasLanes) countDuplicates(columns, from, from + taken, counts)
    else counts.duplicate[columns.partition]! += duplicates
    const departed = epochs.current.countDeparturesSince(departedBefore, counts)
    const rowCount = setup.mergesStored ? calls.mergedStored : this.#countLastParts(departed, columns, counts)
    if (counts.mergedRows !== undefined) counts.mergedRows += rowCount
    return taken
  }

  /** Counts the parts that were merged and not stored before; returns how many of them were published. */
  #countLastParts({ mergedCount, filteredCount }: Departed, { partition }: RecordColumns, counts: TableCounts): number {
    // All parts of a row but the last were in the table.
    const others = this.#parts.sideCount - 1
    const rowCount = mergedCount / others
    const filteredRows = filteredCount / others
    assert(Number.isInteger(rowCount + filteredRows), 'a row is merged with one part of each side')
    counts.emitted[partition]! += rowCount
    counts.filtered[partition]! += filteredRows
    return rowCount
  }
}

/** Of rows of several lanes; others that have no side had a reason before. */
function countDuplicates(columns: RecordColumns, from: number, to: number, { duplicate }: TableCounts): void {
  for (let row = from; row < to; row++) {
    if (columns.side[row] === noSide && duplicateReasons.has(columns.reason[row]!)) duplicate[columns.numberOf(row)]!++
  }
}
