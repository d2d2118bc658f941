/**
 * Window intake: takes rows into the windows that their timestamps fall into.
 *
 * The time that the records tell goes on with each of them, in their order, so whether one is late does not depend on how
 * batches and epochs are cut. A record is taken into those of its windows that are open; if none is, it is late. It is
 * taken into all of them or, as a dead letter, into none.
 * State: what the windows of one record are to become; open windows are the session's (`WindowRows`), and so is the clock.
 * Cost per record: its key as a string, and for each of its windows a lookup and what the aggregate makes of it.
 */
import { noSide, Reason, type RecordColumns, rowFlags, rowKeyBytesMax } from '../../kernel/index.ts'
import type { EpochCounts } from '../epochs/epoch-counts.ts'
import type { Participating } from '../epochs/epoch-participant.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import type { Aggregation } from '../topology/aggregation.ts'
import type { Folding } from './folding.ts'
import { resultBytesMax, type WindowResults } from './window-results.ts'
import { overBefore } from './over-windows.ts'
import { PlannedChanges } from './planned-change.ts'
import { rowKey } from './window-name.ts'
import { lateRecord, type WindowPlacing } from './window-placing.ts'
import type { WindowRows } from './window-rows.ts'

export interface WindowIntakeParts {
  readonly aggregation: Pick<Aggregation, 'windows' | 'results' | 'late'>
  readonly rows: Participating<WindowRows>
  readonly clock: Pick<Participating<EventClock>, 'nowMs' | 'tell'>
  readonly folding: Folding
  readonly placing: WindowPlacing
  readonly results: WindowResults
  /** The number of the current epoch. */
  readonly epoch: () => number
  /** Bytes that a row in the checkpoint, and its result, may have. */
  readonly recordBytesMax: number
}

type Counts = Pick<EpochCounts, 'aggregated' | 'late'>

/** How rows are taken in. */
export interface WindowTaking {
  /** The time of each row as the clock of records takes it. */
  readonly times: RecordColumns['timestamp']
  /** Timestamps beyond are not believed. */
  readonly latestMs: number
  readonly counts: Counts
  /** Bytes of the epoch, after which no more rows are taken in. */
  readonly roomBytes: number
  /** Whether all are taken in, whatever room there is for windows. */
  readonly isWhole: boolean
}

export class WindowIntake {
  readonly #parts: WindowIntakeParts
  #isFull = false
  #owedBytes = 0
  #writtenBytes = 0
  readonly #changes = new PlannedChanges()

  constructor(parts: WindowIntakeParts) {
    this.#parts = parts
  }

  /** Whether the last rows ended before one for which there is no room until windows that are over have left. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Bytes that the epoch writes more, at most, for the rows that were taken in last. */
  get owedBytes(): number {
    return this.#owedBytes
  }

  /**
   * Whether open windows are beyond their limit, before a batch that is taken in whole: those that are over have to leave.
   *
   * @throws StateError `STATE_BYTES_EXCEEDED` where none is over.
   */
  get isOverfull(): boolean {
    const { aggregation, clock, rows } = this.#parts
    if (rows.hasRoom(0)) return false
    if (rows.firstMs >= overBefore(aggregation.windows, clock.nowMs())) rows.refuseGrowth()
    return true
  }

  /**
   * @returns How many rows were taken in: fewer than there are where the epoch has no room for more.
   * @throws StateError `STATE_BYTES_EXCEEDED`
   */
  take(columns: RecordColumns, { times, latestMs, counts, roomBytes, isWhole }: WindowTaking): number {
    const { clock } = this.#parts
    const bytes = bufferOf(columns.bytes)
    const extra = bufferOf(columns.extra.bytes)
    let nowMs = clock.nowMs()
    this.#isFull = false
    this.#owedBytes = this.#writtenBytes = 0
    for (let row = 0; row < columns.count; row++) {
      if (row > 0 && this.#owedBytes + this.#writtenBytes >= roomBytes) return row
      if (times[row]! <= latestMs) nowMs = clock.tell(columns.partition, times[row]!)
      if (columns.side[row] === noSide) continue
      const isInExtra = (columns.flags[row]! & rowFlags.keyInExtra) !== 0
      const text = (isInExtra ? extra : bytes).toString('latin1', columns.keyStart[row]!, columns.keyEnd[row]!)
      const key = rowKey((columns.flags[row]! & rowFlags.keyIsNumber) !== 0, text)
      if (!this.#takeRow(columns, row, key, nowMs, counts, isWhole)) return row
    }
    return columns.count
  }

  /** @returns Whether there was room for it. */
  #takeRow(columns: RecordColumns, row: number, key: string, nowMs: number, counts: Counts, isWhole: boolean): boolean {
    const { aggregation, folding, rows } = this.#parts
    const timestamp = columns.timestamp[row]!
    if (timestamp < 0) {
      columns.refuse(row, Reason.TIMESTAMP_INVALID)
      return true
    }
    const fault = folding.read(columns, row) || this.#plan(timestamp, nowMs, key, columns, row)
    if (fault === lateRecord) {
      if (aggregation.late === 'deadLetter') columns.refuse(row, Reason.WINDOW_CLOSED)
      else counts.late[columns.numberOf(row)]!++
      return true
    }
    if (fault > 0) {
      const cause = fault === Reason.AGGREGATE_TOO_LARGE ? this.#parts.placing.whyTooLarge : folding.cause
      columns.refuse(row, fault, cause)
      return true
    }
    if (!isWhole && !this.#hasRoom) {
      if (rows.firstMs >= overBefore(aggregation.windows, nowMs)) rows.refuseGrowth()
      this.#isFull = true
      return false
    }
    this.#keep(timestamp)
    counts.aggregated[columns.numberOf(row)]!++
    return true
  }

  /** Plans what the windows of a record become; returns 0, `lateRecord`, or its dead-letter code. */
  #plan(timestamp: number, nowMs: number, key: string, columns: RecordColumns, row: number): number {
    const { placing, recordBytesMax } = this.#parts
    const changes = this.#changes
    changes.clear()
    const fault = placing.plan(timestamp, nowMs, key, changes, columns, row)
    if (fault !== 0) return fault
    for (let index = 0; index < changes.count; index++) {
      const { name, valueBytes } = changes.at(index)
      if (Buffer.byteLength(name) > rowKeyBytesMax || resultBytesMax(key, valueBytes) > recordBytesMax) {
        return Reason.AGGREGATE_TOO_LARGE
      }
    }
    return 0
  }

  /** Whether the windows of the record may become what they are to become. */
  get #hasRoom(): boolean {
    const { rows } = this.#parts
    let bytes = 0
    const changes = this.#changes
    for (let index = 0; index < changes.count; index++) bytes += rows.growthOf(changes.at(index))
    return rows.hasRoom(bytes)
  }

  #keep(timestamp: number): void {
    const { aggregation, placing, rows, results, epoch } = this.#parts
    const changes = this.#changes
    for (let index = 0; index < changes.count; index++) this.#owedBytes += rows.take(changes.at(index), timestamp)
    if (aggregation.results !== 'changes') return
    for (const name of changes.results) {
      const result = placing.resultOf(name, rows.get(name)!)
      if (result !== undefined) this.#writtenBytes += results.write(name, result, epoch(), placing.failure)
    }
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
