import { StateError } from '../../core/errors.ts'
import { bytes, text } from '../../state/index.ts'
import { corrupt, type Manifest } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { CheckpointTables } from '../tables/checkpoint-tables.ts'
import { KeptRows } from '../tables/kept-rows.ts'
import { KeptTable } from '../tables/kept-table.ts'
import { isTableWhole } from '../tables/whole-table.ts'
import { startOf, windowPrefix } from './window-name.ts'
import { decodeWindowRow, encodeWindowRow, type WindowRow, windowRowBytes } from './window-row.ts'

/** The name of the rows in the checkpoint: none that a table of a program can have. */
export const windowTable = ':windows'

/** What has happened to the windows of a program since it first started. */
export interface WindowTotals {
  /** How often a record was taken into a window: once for each of those that it is in. */
  readonly taken: number
  readonly results: number
}

/** What a row takes in memory that has changed, about, beside its bytes. */
const changeFrameBytes = 160

export interface WindowRowsOptions {
  /** Id of the operator, for people. */
  readonly id: string
  readonly bytesMax: number
  /** Whether the values of rows are numbers. */
  readonly areNumbers: boolean
}

/**
 * The open windows of a program: a row for each key in each of them, as a table of the program keeps it.
 *
 *   rows of the last committed epoch ◄─ closed epoch ◄─ changed in the current epoch
 *
 * State: rows as bytes, in the order of their windows; above them, as objects, those that the current epoch has changed,
 * which become bytes as it closes. How many records were taken in, and how many results published, as of each of the
 * three. No window that has rows begins before `#firstMs`.
 */
export class WindowRows implements EpochParticipant {
  readonly #options: WindowRowsOptions
  readonly #kept: KeptTable
  /** Of the current epoch; undefined where a row has left. */
  readonly #changed = new Map<string, WindowRow | undefined>()
  #changedBytes = 0
  #taken = 0
  #results = 0
  #closed: WindowTotals = { taken: 0, results: 0 }
  #committed = this.#closed
  #firstMs = Infinity

  constructor(options: WindowRowsOptions) {
    this.#options = options
    this.#kept = new KeptTable(
      { kind: 'table', name: windowTable, key: text, value: bytes, bytesMax: options.bytesMax },
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
    const { taken, results } = windows
    this.#closed = this.#committed = { taken, results }
    this.rollback()
  }

  /** The start of the first window that has rows, or an earlier time; `Infinity` where there are none. */
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

  /** Bytes that it takes more in memory where a window gets a value of so many bytes. @param found - As `get` gives it. */
  growthOf(name: string, found: WindowRow | undefined, valueBytes: number): number {
    if (found !== undefined && this.#changed.get(name) === found) return valueBytes - found.valueBytes
    return windowRowBytes(name, valueBytes) + changeFrameBytes
  }

  /**
   * A window has taken in a record.
   *
   * @param found - As `get` gives it.
   * @returns Bytes that the epoch writes more, at most.
   */
  take(
    name: string,
    found: WindowRow | undefined,
    timestamp: number,
    value: WindowRow['value'],
    valueBytes: number,
  ): number {
    const growth = this.growthOf(name, found, valueBytes)
    const row = found ?? { greatestMs: timestamp, records: 0, value, valueBytes }
    row.greatestMs = Math.max(row.greatestMs, timestamp)
    row.records++
    row.value = value
    row.valueBytes = valueBytes
    if (this.#changed.get(name) !== row) {
      this.#changed.set(name, row)
      this.#firstMs = Math.min(this.#firstMs, startOf(name))
    }
    this.#taken++
    this.#changedBytes += growth
    return growth
  }

  /**
   * Has the rows leave whose windows begin before some time, in the order of their windows, for as long as the visitor
   * says that there is room for more. To be called while no epoch is on its way.
   */
  leaveBefore(startMs: number, visit: (name: string, row: WindowRow) => boolean): void {
    for (const [name, row] of this.#before(startMs)) {
      this.#changed.set(name, undefined)
      this.#changedBytes += changeFrameBytes
      if (!visit(name, row)) break
    }
    this.#findFirst()
  }

  /** A result has been published. */
  published(): void {
    this.#results++
  }

  close({ put, manifest }: ClosingEpoch): void {
    for (const [name, row] of this.#changed) this.#kept.set(name, row && encodeWindowRow(row))
    this.#kept.endCall()
    this.#kept.takeBatch()
    this.#clearChanged()
    this.#closed = { taken: this.#taken, results: this.#results }
    manifest.windows = { ...this.#kept.close(put), ...this.#closed }
  }

  commit(): void {
    this.#kept.commit()
    this.#committed = this.#closed
  }

  rollback(): void {
    this.#kept.rollback()
    this.#clearChanged()
    this.#closed = this.#committed
    this.#taken = this.#committed.taken
    this.#results = this.#committed.results
    this.#findFirst()
  }

  /** Rows whose windows begin before some time, in their order. */
  *#before(startMs: number): Generator<[string, WindowRow]> {
    const end = windowPrefix(startMs)
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
    this.#firstMs = first === undefined ? Infinity : startOf(first)
  }

  #clearChanged(): void {
    this.#changed.clear()
    this.#changedBytes = 0
  }
}
