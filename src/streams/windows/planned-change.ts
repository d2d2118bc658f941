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
  /** Names of rows in whose place that one comes. */
  leaving: readonly string[]
}

/** What a record makes of its windows. Their objects are used again. */
export class PlannedChanges implements Iterable<PlannedChange> {
  readonly #changes: PlannedChange[] = []
  #count = 0

  clear(): void {
    this.#count = 0
  }

  /** Adds one, which is to be filled. */
  next(): PlannedChange {
    const none = { name: '', startMs: 0, found: undefined, value: 0, valueBytes: 0, leaving: [] }
    return (this.#changes[this.#count++] ??= none)
  }

  *[Symbol.iterator](): Generator<PlannedChange> {
    for (let at = 0; at < this.#count; at++) yield this.#changes[at]!
  }
}
