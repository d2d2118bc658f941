/**
 * Sliding windows: all records of a key from `start` to `start + timeDifferenceMs`, both included.
 *
 *   record at t  ──►  points of t ┐
 *                     window that ends with t, begins at t - timeDifferenceMs (at 0, if that is before) ├ rows
 *                     window that begins at t + 1 ┘
 *
 * What a window comes to is found when it publishes, from the points that it has: so a record changes three rows, however
 * many windows have it, and a window may come to be after its records. A point says which windows were closed when it
 * came, so it does not matter how long after its close a window publishes. Rows leave by time, and at one time a window
 * before points: so no point leaves before the last window that has it.
 * Invariant: a record that is taken in is in one window at least that is published.
 * Cost: of a record three rows, and with `changes` the points of each of its windows; of a window its points.
 */
import { Reason, type RecordColumns } from '../../kernel/index.ts'
import type { SlidingWindows } from '../topology/windows.ts'
import type { Folding } from './folding.ts'
import { firstFrom } from './key-times.ts'
import type { PlannedChanges } from './planned-change.ts'
import { byOffset, readPoints, type SlidingPoint, writePoint } from './sliding-points.ts'
import { arePoints, keyOf, pointsKey, timeOf, windowPrefix } from './window-name.ts'
import { lateRecord, type PlacedRows, type WindowPlacing } from './window-placing.ts'
import { resultBytesMax } from './window-results.ts'
import type { WindowRow } from './window-row.ts'

export interface SlidingPlacingParts {
  readonly windows: SlidingWindows
  readonly rows: PlacedRows
  readonly folding: Folding
  /** Whether records of one time are kept as one: their values are numbers. */
  readonly areMerged: boolean
  /** Bytes that a result may have. */
  readonly recordBytesMax: number
}

export class SlidingPlacing implements WindowPlacing {
  readonly #parts: SlidingPlacingParts
  /** Points of the key whose windows had results last, by their times: those of one record have most of them in common. */
  readonly #known = new Map<string, SlidingPoint[]>()
  #knownKey = ''
  whyTooLarge: string | undefined
  failure: string | undefined

  constructor(parts: SlidingPlacingParts) {
    this.#parts = parts
  }

  plan(
    timestamp: number,
    nowMs: number,
    key: string,
    changes: PlannedChanges,
    columns: RecordColumns,
    row: number,
  ): number {
    const { rows, windows } = this.#parts
    const { timeDifferenceMs, graceMs } = windows
    this.#known.clear()
    const openFrom = nowMs - timeDifferenceMs - graceMs
    const endingMs = Math.max(0, timestamp - timeDifferenceMs)
    const isOnTime = endingMs >= openFrom
    const starts = rows.timesOf(key)
    const firstOpen = firstFrom(starts, Math.max(endingMs, openFrom))
    const firstAfter = firstFrom(starts, timestamp + 1)
    if (!isOnTime && firstOpen >= firstAfter) return lateRecord

    const fault = this.#planPoint({ timestamp, takenMs: isOnTime ? 0 : nowMs, columns, row }, key, changes)
    if (fault > 0) return fault
    if (isOnTime && starts[firstOpen] !== endingMs) planWindow(endingMs, key, changes)
    for (let at = firstOpen; at < firstAfter; at++) changes.results.push(windowPrefix(starts[at]!) + key)
    if (starts[firstAfter] !== timestamp + 1) planWindow(timestamp + 1, key, changes)
    return 0
  }

  resultOf(name: string): WindowRow | undefined {
    this.failure = undefined
    if (arePoints(name)) return undefined
    const { areMerged, folding, recordBytesMax } = this.#parts
    const row: WindowRow = { startMs: timeOf(name), greatestMs: 0, records: 0, value: 0, valueBytes: 0 }
    const points = this.#pointsOf(name, row)
    if (points.length === 0) return undefined
    if (!areMerged) points.sort(byOffset)
    for (const { offset, partition, records, text } of points) {
      if (this.failure === undefined) {
        const isFailed =
          folding.readAgain(text, partition, offset) > 0 || folding.fold(row.records > 0 ? row : undefined) > 0
        if (isFailed) this.failure = folding.cause
        row.value = folding.value
        row.valueBytes = folding.valueBytes
      }
      row.records += records
    }
    const bytes = resultBytesMax(keyOf(name), row.valueBytes)
    if (bytes > recordBytesMax)
      this.failure ??= `the result may have ${bytes} bytes, where ${recordBytesMax} are the most`
    return row
  }

  /** The points that a window has, in order of their times; the last of these is the greatest one of the row. */
  #pointsOf(name: string, row: WindowRow): SlidingPoint[] {
    const { rows, windows } = this.#parts
    const endMs = row.startMs + windows.timeDifferenceMs
    const closesMs = endMs + windows.graceMs
    const key = pointsKey(keyOf(name))
    if (key !== this.#knownKey) this.#known.clear()
    this.#knownKey = key
    const times = rows.timesOf(key)
    const points: SlidingPoint[] = []
    for (let at = firstFrom(times, row.startMs); at < times.length && times[at]! <= endMs; at++) {
      for (const point of this.#read(windowPrefix(times[at]!) + key)) {
        if (point.takenMs > closesMs) continue
        points.push(point)
        row.greatestMs = times[at]!
      }
    }
    return points
  }

  #read(name: string): SlidingPoint[] {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const points = readPoints(this.#parts.rows.get(name)!.value as string)
    this.#known.set(name, points)
    return points
  }

  /** @returns 0, or a dead-letter code. */
  #planPoint({ timestamp, takenMs, columns, row }: NewPoint, windowKey: string, changes: PlannedChanges): number {
    const { areMerged, folding, rows, windows } = this.#parts
    const key = pointsKey(windowKey)
    const name = windowPrefix(timestamp) + key
    const found = rows.get(name)
    const times = rows.timesOf(key)
    const nearFrom = firstFrom(times, timestamp - windows.timeDifferenceMs)
    const near = firstFrom(times, timestamp + windows.timeDifferenceMs + 1) - nearFrom
    const { timestampsMax } = windows
    const isTooMuch = found === undefined && near >= timestampsMax
    this.whyTooLarge = isTooMuch ? `its key has ${timestampsMax} timestamps within the time difference` : undefined
    if (isTooMuch) return Reason.AGGREGATE_TOO_LARGE

    const former = found === undefined ? '' : (found.value as string)
    const points = areMerged ? readPoints(former) : []
    const at = points.findIndex((each) => each.takenMs === takenMs)
    const before = points[at]
    // What the aggregate does not take alone is no record of it: that is known before windows depend on it.
    const fault = folding.fold(before && { value: Number(before.text), valueBytes: 0 })
    if (fault > 0) return fault
    if (before === undefined) {
      const [offset, partition] = [columns.offset[row]!, columns.numberOf(row)]
      const made = writePoint({ takenMs, offset, partition, records: 1, text: folding.textOf(columns, row) })
      planRow(changes, name, timestamp, found, former + made)
    } else {
      points[at] = { ...before, records: before.records + 1, text: String(folding.value) }
      planRow(changes, name, timestamp, found, points.map(writePoint).join(''))
    }
    return 0
  }
}

/** A record that is to be kept. */
interface NewPoint {
  readonly timestamp: number
  readonly takenMs: number
  readonly columns: RecordColumns
  readonly row: number
}

const none: readonly string[] = []

/** A window that has no row yet. */
function planWindow(startMs: number, key: string, changes: PlannedChanges): void {
  const name = windowPrefix(startMs) + key
  planRow(changes, name, startMs, undefined, '')
  changes.results.push(name)
}

function planRow(
  changes: PlannedChanges,
  name: string,
  startMs: number,
  found: WindowRow | undefined,
  value: string,
): void {
  const change = changes.next()
  change.name = name
  change.startMs = startMs
  change.found = found
  change.value = value
  change.valueBytes = Buffer.byteLength(value)
  change.records = 0
  change.leaving = none
}
