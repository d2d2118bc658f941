import type { WindowRow } from './window-row.ts'

/** What a record makes of a window. */
export interface PlannedChange {
  /** Of the row that it has then. */
  name: string
  startMs: number
  /** What the window has come to before; undefined where the record is the first one. */
  found: WindowRow | undefined
  value: WindowRow['value']
  valueBytes: number
  /** How many records the row counts more. */
  records: number
  /** Names of rows in whose place that one comes. */
  leaving: readonly string[]
}

/** What a record makes of its windows. Their objects are used again, and are gone through by index: without another one. */
export class PlannedChanges {
  /** Names of the windows that have another result then. */
  readonly results: string[] = []
  readonly #changes: PlannedChange[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  at(index: number): PlannedChange {
    return this.#changes[index]!
  }

  clear(): void {
    this.#count = 0
    this.results.length = 0
  }

  /** Adds one, which is to be filled. */
  next(): PlannedChange {
    const known = this.#changes[this.#count]
    if (known === undefined) this.#changes.push({ ...none })
    return this.#changes[this.#count++]!
  }
}

const none: PlannedChange = { name: '', startMs: 0, found: undefined, value: 0, valueBytes: 0, records: 0, leaving: [] }
