import type { TimeWindows } from '../topology/windows.ts'
import type { Folding } from './folding.ts'
import type { PlannedChanges } from './planned-change.ts'
import { windowPrefix } from './window-name.ts'
import { lateRecord, type PlacedRows, type WindowPlacing } from './window-placing.ts'
import type { WindowRow } from './window-row.ts'

/** Windows of a fixed size. State: how names of the window begin that was looked for last. */
export class TimePlacing implements WindowPlacing {
  readonly failure = undefined
  readonly whyTooLarge = undefined
  readonly #windows: TimeWindows
  readonly #rows: PlacedRows
  readonly #folding: Folding
  #startMs = -1
  #prefix = ''

  constructor(windows: TimeWindows, rows: PlacedRows, folding: Folding) {
    this.#windows = windows
    this.#rows = rows
    this.#folding = folding
  }

  resultOf(_: string, row: WindowRow): WindowRow {
    return row
  }

  plan(timestamp: number, nowMs: number, key: string, changes: PlannedChanges): number {
    const { sizeMs, advanceMs, graceMs } = this.#windows
    const lastStart = timestamp - (timestamp % advanceMs)
    // No window begins before 1970.
    const firstStart = Math.max(0, (Math.floor((timestamp - sizeMs) / advanceMs) + 1) * advanceMs)
    const firstOpen = firstAfter(nowMs - graceMs - sizeMs, firstStart, advanceMs)
    if (firstOpen > lastStart) return lateRecord
    for (let startMs = firstOpen; startMs <= lastStart; startMs += advanceMs) {
      const change = changes.next()
      change.name = this.#prefixOf(startMs) + key
      change.startMs = startMs
      change.found = this.#rows.get(change.name)
      const fault = this.#folding.fold(change.found)
      if (fault > 0) return fault
      change.value = this.#folding.value
      change.valueBytes = this.#folding.valueBytes
      change.records = 1
      changes.results.push(change.name)
    }
    return 0
  }

  #prefixOf(startMs: number): string {
    if (startMs !== this.#startMs) {
      this.#startMs = startMs
      this.#prefix = windowPrefix(startMs)
    }
    return this.#prefix
  }
}

/** The start of the first window, from one on, that begins after some time. */
function firstAfter(ms: number, startMs: number, advanceMs: number): number {
  return startMs > ms ? startMs : startMs + (Math.floor((ms - startMs) / advanceMs) + 1) * advanceMs
}
