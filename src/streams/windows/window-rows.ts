import { StateError } from '../../core/errors.ts'
import { bytes, text } from '../../state/index.ts'
import { corrupt, type Manifest } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { KeptRows } from '../tables/kept-rows.ts'
import { KeptTable } from '../tables/kept-table.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import { KeyTimes } from './key-times.ts'
import type { PlannedChange } from './planned-change.ts'
import { timeOf, windowPrefix } from './window-name.ts'
import { decodeWindowRow, encodeWindowRow, type WindowRow, windowRowBytes } from './window-row.ts'

/** The name of the rows in the checkpoint: none that a table of a program can have. */
export const windowTable = ':windows'

/** What has happened to the windows of a program since it first started. */
export interface WindowTotals {
  /**
   * How often a record was taken into a window: once for each of those that it is in. Sliding windows count them when they
   * publish, once for each result with `changes`.
   */
  readonly taken: number
  /** Those published, or dead letters. */
  readonly results: number
  /** Those that functions have left out, and the records that these were of. */
  readonly leftOut: number
  readonly leftOutRecords: number
}

const noTotals: WindowTotals = { taken: 0, results: 0, leftOut: 0, leftOutRecords: 0 }

const none: readonly number[] = []

/** What a change of a row takes in memory, about, beside the bytes of the row. */
const changeFrameBytes = 160

export interface WindowRowsOptions {
  /** Id of the operator, for people. */
  readonly id: string
  readonly bytesMax: number
  /** Whether the values of rows are numbers. */
  readonly areNumbers: boolean
  /** Whether rows are found by their keys, because their windows have no fixed times. */
  readonly areByKey: boolean
}

/**
 * The open windows of a program: a row for each key in each of them, as a table of the program keeps it.
 *
 *   rows of the last committed epoch ◄─ closed epoch ◄─ changed in the current epoch
 *
 * State: rows as bytes, in the order of their windows; above them, as objects, those that the current epoch has changed,
 * which become bytes as it closes. How many records were taken in, and how many results published, as of each of the
 * three. No row has an earlier time than `#firstMs`.
 */
export class WindowRows implements EpochParticipant {
  readonly #options: WindowRowsOptions
  readonly #kept: KeptTable
  /** Of the current epoch; undefined where a row has left. */
  readonly #changed = new Map<string, WindowRow | undefined>()
  #changedBytes = 0
  #totals = { ...noTotals }
  #closed = noTotals
  #committed = noTotals
  #firstMs = Infinity
  /** The times of rows by their keys; absent where windows have fixed times. */
  readonly #times: KeyTimes | undefined

  constructor(options: WindowRowsOptions) {
    this.#options = options
    this.#times = options.areByKey ? new KeyTimes() : undefined
    this.#kept = new KeptTable(
      // Their limit is asked for before a record is taken in: a commit must not fail.
      { kind: 'table', name: windowTable, key: text, value: bytes, bytesMax: Infinity },
      new KeptRows({ isOrdered: true }),
    )
  }

  /**
   * Takes in the rows of a checkpoint.
   *
   * @throws MillraceError `CHECKPOINT_CORRUPT` when they are not those that the manifest says.
   */
  restore(tables: CheckpointTables, { windows }: Pick<Manifest, 'windows'>): void {
    if (windows === undefined) return
    for (const [key, value] of tables.rowsOf(windowTable)) this.#kept.restore(key, value)
    const { sum } = this.#kept
    if (!isTableWhole(windows, sum)) {
      throw corrupt(`windows have ${sum.rows} rows, where their manifest says ${windows.rows}, or others`)
    }
    const { taken, results, leftOut = 0, leftOutRecords = 0 } = windows
    this.#closed = this.#committed = { taken, results, leftOut, leftOutRecords }
    this.rollback()
  }

  /** The time of the first row, or an earlier one; `Infinity` where there are none. */
  get firstMs(): number {
    return this.#firstMs
  }

  /** What a window has come to; undefined where it has no records. */
  get(name: string): WindowRow | undefined {
    const changed = this.#changed.get(name)
    if (changed !== undefined || this.#changed.has(name)) return changed
    const kept = this.#kept.get(name)
    return kept && decodeWindowRow(kept, this.#options.areNumbers)
  }

  /** Whether there is room for so many bytes more. */
  hasRoom(more: number): boolean {
    return this.#kept.usedBytes + this.#changedBytes + more <= this.#options.bytesMax
  }

  /** @throws StateError `STATE_BYTES_EXCEEDED` */
  refuseGrowth(): never {
    const { id, bytesMax } = this.#options
    const message = `the open windows of "${id}" have no room within their ${bytesMax} bytes: raise bytesMax, or have windows close earlier`
    throw new StateError('STATE_BYTES_EXCEEDED', message, { table: id, bytesMax })
  }

  /** The times of the rows of a key, in order. @param key - As names have it. */
  timesOf(key: string): readonly number[] {
    return this.#times?.of(key) ?? none
  }

  /** Bytes that a change takes more in memory, at most. */
  growthOf({ name, found, valueBytes }: PlannedChange): number {
    if (found !== undefined && this.#changed.get(name) === found) return valueBytes - found.valueBytes
    return changedBytes(name, valueBytes)
  }

  /**
   * A window has taken in a record.
   *
   * @returns Bytes that the epoch writes more, at most.
   */
  take(change: PlannedChange, timestamp: number): number {
    const { name, startMs, found, value, valueBytes, records, leaving } = change
    for (const each of leaving) this.#leave(each)
    const growth = this.growthOf(change)
    const row = found ?? { startMs, greatestMs: timestamp, records: 0, value, valueBytes }
    row.greatestMs = Math.max(row.greatestMs, timestamp)
    row.records += records
    row.value = value
    row.valueBytes = valueBytes
    const before = this.#changed.get(name)
    if (before !== row) {
      if (before !== undefined) this.#changedBytes -= changedBytes(name, before.valueBytes)
      this.#changed.set(name, row)
      this.#times?.add(name)
      this.#firstMs = Math.min(this.#firstMs, timeOf(name))
    }
    this.#totals.taken += records
    this.#changedBytes += growth
    return growth
  }

  /**
   * Has the rows leave whose names have an earlier time, in the order of their windows, for as long as the visitor
   * says that there is room for more. To be called while no epoch is on its way.
   */
  leaveBefore(timeMs: number, visit: (name: string, row: WindowRow) => boolean): void {
    for (const [name, row] of this.#before(timeMs)) {
      this.#leave(name)
      if (!visit(name, row)) break
    }
    this.#findFirst()
  }

  /** Windows that count records with their results have so many more. */
  tookIn(records: number): void {
    this.#totals.taken += records
  }

  /** A result has been published. */
  published(): void {
    this.#totals.results++
  }

  /** A result of so many records was left out. */
  leftOut(records: number): void {
    this.#totals.leftOut++
    this.#totals.leftOutRecords += records
  }

  close({ put, manifest }: ClosingEpoch): void {
    for (const [name, row] of this.#changed) this.#kept.set(name, row && encodeWindowRow(row))
    this.#kept.endCall()
    this.#kept.takeBatch()
    this.#clearChanged()
    this.#closed = { ...this.#totals }
    const { leftOut, leftOutRecords, ...totals } = this.#closed
    const ofLeftOut = leftOut > 0 && { leftOut, leftOutRecords }
    manifest.windows = { ...this.#kept.close(put), ...totals, ...ofLeftOut }
  }

  commit(): void {
    this.#kept.commit()
    this.#committed = this.#closed
  }

  rollback(): void {
    this.#kept.rollback()
    this.#clearChanged()
    this.#closed = this.#committed
    this.#totals = { ...this.#committed }
    this.#findTimes()
    this.#findFirst()
  }

  /** Rows whose names have an earlier time, in their order. */
  *#before(timeMs: number): Generator<[string, WindowRow]> {
    const end = windowPrefix(timeMs)
    const changed = [...this.#changed].filter(
      (each): each is [string, WindowRow] => each[1] !== undefined && each[0] < end,
    )
    changed.sort(([left], [right]) => (left < right ? -1 : 1))
    let at = 0
    for (const [name, kept] of this.#kept.scanBefore(end)) {
      while (at < changed.length && changed[at]![0] < name) yield changed[at++]!
      if (!this.#changed.has(name)) yield [name, decodeWindowRow(kept, this.#options.areNumbers)]
    }
    yield* changed.slice(at)
  }

  /** A row that no epoch has written leaves without a trace. */
  #leave(name: string): void {
    const before = this.#changed.get(name)
    if (before !== undefined) this.#changedBytes -= changedBytes(name, before.valueBytes)
    if (this.#kept.get(name) === undefined) this.#changed.delete(name)
    else {
      this.#changed.set(name, undefined)
      this.#changedBytes += changeFrameBytes
    }
    this.#times?.delete(name)
  }

  /** As the last committed epoch has left them. */
  #findTimes(): void {
    if (this.#times === undefined) return
    this.#times.clear()
    for (const [name] of this.#kept.scanBefore(undefined)) this.#times.add(name)
  }

  #findFirst(): void {
    let first: string | undefined
    for (const [name] of this.#kept.scanBefore(undefined)) {
      if (this.#changed.has(name) && this.#changed.get(name) === undefined) continue
      first = name
      break
    }
    for (const [name, row] of this.#changed) {
      if (row !== undefined && (first === undefined || name < first)) first = name
    }
    this.#firstMs = first === undefined ? Infinity : timeOf(first)
  }

  #clearChanged(): void {
    this.#changed.clear()
    this.#changedBytes = 0
  }
}

/** What a row takes in memory that has changed, about. */
function changedBytes(name: string, valueBytes: number): number {
  return windowRowBytes(name, valueBytes) + changeFrameBytes
}
