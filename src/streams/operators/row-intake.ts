/**
 * Row intake: what becomes of the rows of a batch in the current epoch. The table takes them in, what it passes over is
 * counted, and what cannot be used becomes a dead letter.
 */
import { endWithin, isProgress, type RecordColumns } from '../../kernel/index.ts'
import { divertRows } from '../dead-letters/diverted-rows.ts'
import { reachOffset } from '../epochs/reached-offsets.ts'
import type { FullTableRemedy } from '../expiry/full-table.ts'
import type { EventClock } from '../expiry/event-clock.ts'
import { observedTimes } from '../expiry/observed-times.ts'
import { refuseMisplaced } from '../tasks/misplaced-rows.ts'
import { readProgress } from '../tasks/routed-progress.ts'
import type { RoutedRows } from '../tasks/routed-rows.ts'
import { oneTask } from '../tasks/tasks.ts'
import { latestBelieved, refuseAhead } from '../expiry/timestamps-ahead.ts'
import type { EpochDoubt } from '../poison/epoch-doubt.ts'
import type { SourceStreaks } from '../poison/source-streaks.ts'
import type { Session } from '../recovery/session.ts'
import { DirectPromotion } from '../retention/direct-promotion.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { sourceOf } from '../topics/sources.ts'
import { areParts } from '../topology/plan-sources.ts'
import type { WindowWork } from '../windows/window-work.ts'
import type { Outputs } from './outputs.ts'

export interface RowIntakeParts {
  readonly services: Services
  readonly session: Session
  readonly outputs: Outputs
  /** Absent where records are merged. */
  readonly windows: WindowWork | undefined
  /** Absent where records are merged here, and not routed to where they are. */
  readonly routed: RoutedRows | undefined
  /** Absent where a full table ends the program. */
  readonly fullTable: FullTableRemedy | undefined
  readonly streaks: SourceStreaks
  readonly doubt: EpochDoubt
}

export class RowIntake {
  readonly #parts: RowIntakeParts
  readonly #directPromotion: DirectPromotion

  constructor(parts: RowIntakeParts) {
    this.#parts = parts
    this.#directPromotion = new DirectPromotion(parts.services, parts.session)
  }

  /** Takes in rows that have been in epochs before: all of them are pending. */
  restore(columns: RecordColumns): void {
    const { state } = this.#parts.session
    if (state.retaken.isDue) this.#takeAgain(columns)
    else state.restoration.take(columns)
    state.eventClock?.recall(columns, this.#latestMs)
  }

  /** The rows have been counted as consumed; what becomes of them is of the current epoch. */
  #takeAgain(columns: RecordColumns): void {
    const { session, outputs } = this.#parts
    const { restoration, accounting } = session.state
    outputs.takeTimes()
    restoration.takeAgain(columns)
    outputs.throwFault()
    divertRows(columns, accounting.current, outputs.deadLetters)
  }

  /**
   * Takes in the rows that have room in the epoch, and drops them from the batch. One for which functions have changed
   * tables is taken in whole, whatever room there is, as long as something makes room afterwards: so its changes are of
   * one epoch.
   *
   * @param rowsMax - No more of them are taken in.
   * @returns Whether those were all.
   */
  take(batch: RowBatch, room: number, rowsMax = Infinity): boolean {
    const { services, session, outputs, windows, routed, fullTable, streaks, doubt } = this.#parts
    const { statistics, meters, options, plan } = services
    const { state, sources } = session
    const { columns } = batch
    const { table, tables } = state
    const roomBytes = tables === undefined ? room : Infinity
    const { partition, count } = columns
    const counts = state.accounting.current
    const latestMs = this.#latestMs
    // What becomes a dead letter is about as large as its record.
    columns.count = Math.min(endWithin(columns, 0, Math.max(roomBytes, options.batchBytes)), rowsMax)
    const source = sourceOf(plan, sources, partition)
    const observed = observedTimes(columns, source)
    // What is routed is pending nowhere here.
    if (routed === undefined) this.#directPromotion.refuse(columns)
    refuseAhead(columns, latestMs)
    // Who made parts has put them where they belong.
    if (plan.layout === 'keyed' && state.tasks !== oneTask && !areParts(source)) refuseMisplaced(columns, state.tasks)
    state.told?.take(columns)
    outputs.takeTimes()
    const mayFill = fullTable?.isHopeless === false
    const isWhole = tables !== undefined
    if (isWhole) table.isLimited = !mayFill
    const rows =
      windows !== undefined
        ? windows.intake.take(columns, { times: observed, latestMs, counts, roomBytes, isWhole })
        : routed !== undefined
          ? routed.take(columns, counts, roomBytes)
          : mayFill && !isWhole
            ? table.applyFitting(columns, counts, roomBytes)
            : table.apply(columns, counts, roomBytes)
    outputs.throwFault()
    columns.count = count
    if (rows === 0 && count > 0) return false
    fullTable?.taken()
    reachOffset(counts, columns, rows, batch.nextOffset, sources.partitions.lanesOf(partition))
    columns.count = rows
    if (rows > 0) meters.consumed(partition, columns.timestamp[rows - 1]!)
    if (columns.origins !== undefined) sources.redriven.count(columns, counts, state.accounting.startOffsets)
    if (routed === undefined) this.#directPromotion.take(columns)
    if (tables !== undefined) session.schedule.owe(tables.takeBatch())
    if (windows !== undefined) session.schedule.owe(windows.intake.owedBytes)
    const { hasFailures, letterCount } = divertRows(columns, counts, outputs.deadLetters)
    const isPoisoned = streaks.note(columns, letterCount)
    const isBehind = counts.nextOffsets[partition]! < batch.endOffset
    session.lives.current.partitionsBehind.note(partition, isBehind)
    if (state.eventClock !== undefined && areParts(source)) this.#tellProgress(columns, state.eventClock)
    state.eventClock?.observe({ partition, timestamp: observed, count: rows }, latestMs, isBehind)
    doubt.note(rows, hasFailures || isPoisoned)
    statistics.pendingRowsMax = Math.max(statistics.pendingRowsMax, table.rowCount + (state.cold?.rowCount ?? 0))
    if (rows === count) return true
    columns.count = count
    columns.drop(rows)
    return false
  }

  /** Takes note of what rows tell that are no parts. */
  #tellProgress(columns: RecordColumns, clock: Pick<EventClock, 'tellRead'>): void {
    for (let row = 0; row < columns.count; row++)
      if (isProgress(columns, row)) clock.tellRead(columns.partition, readProgress(columns, row))
  }

  get #latestMs(): number {
    const { services, session } = this.#parts
    return latestBelieved(services, session.state)
  }
}
