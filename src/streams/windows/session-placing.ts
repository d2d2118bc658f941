import type { SessionWindows } from '../topology/windows.ts'
import type { Folding } from './folding.ts'
import type { PlannedChanges } from './planned-change.ts'
import { windowPrefix } from './window-name.ts'
import { lateRecord, type PlacedRows, type WindowPlacing } from './window-placing.ts'
import type { WindowRow } from './window-row.ts'

/**
 * Sessions, each named by the time of its last record. A record joins those of its key that are open and no further from
 * it than the gap, and makes them one; one that joins none begins another, unless that would be closed.
 */
export class SessionPlacing implements WindowPlacing {
  readonly failure = undefined
  readonly whyTooLarge = undefined
  readonly #windows: SessionWindows
  readonly #rows: PlacedRows
  readonly #folding: Folding

  constructor(windows: SessionWindows, rows: PlacedRows, folding: Folding) {
    this.#windows = windows
    this.#rows = rows
    this.#folding = folding
  }

  resultOf(_: string, row: WindowRow): WindowRow {
    return row
  }

  plan(timestamp: number, nowMs: number, key: string, changes: PlannedChanges): number {
    const { gapMs, graceMs } = this.#windows
    const openFrom = nowMs - gapMs - graceMs
    let endMs = timestamp
    let joined: WindowRow | undefined
    const names: string[] = []
    for (const end of this.#rows.timesOf(key)) {
      if (end < openFrom || end < timestamp - gapMs) continue
      const name = windowPrefix(end) + key
      const row = this.#rows.get(name)!
      if (row.startMs > timestamp + gapMs) continue
      const fault = joined === undefined ? 0 : this.#folding.merge(joined, row)
      if (fault > 0) return fault
      joined = joined === undefined ? row : this.#merged(joined, row)
      endMs = Math.max(endMs, end)
      names.push(name)
    }
    if (endMs < openFrom) return lateRecord
    const fault = this.#folding.fold(joined)
    if (fault > 0) return fault
    const change = changes.next()
    change.name = windowPrefix(endMs) + key
    change.startMs = Math.min(timestamp, joined?.startMs ?? timestamp)
    change.found = joined && { ...joined, startMs: change.startMs }
    change.value = this.#folding.value
    change.valueBytes = this.#folding.valueBytes
    change.records = 1
    change.leaving = names.filter((name) => name !== change.name)
    return 0
  }

  #merged(left: WindowRow, right: WindowRow): WindowRow {
    return {
      startMs: Math.min(left.startMs, right.startMs),
      greatestMs: Math.max(left.greatestMs, right.greatestMs),
      records: left.records + right.records,
      value: this.#folding.value,
      valueBytes: this.#folding.valueBytes,
    }
  }
}
