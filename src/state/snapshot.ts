import { StateError } from '../core/errors.ts'
import { capturedScan, checkRange, firstOf } from './captured-scan.ts'
import type { Range, ScanOptions } from './range.ts'
import type { TableRows } from './table-rows.ts'
import type { Versions } from './transaction.ts'

/** A table as it was at a version, for as long as it is not disposed of. */
export class TableSnapshot<Key, Value, Zone extends string = string> {
  readonly version: number
  readonly #rows: TableRows<Key, Value>
  readonly #versions: Versions
  #isOpen = true

  constructor(rows: TableRows<Key, Value>, versions: Versions, version: number) {
    this.#rows = rows
    this.#versions = versions
    this.version = version
    versions.pin(version)
  }

  get size(): number {
    this.#checkOpen()
    return this.#rows.sizeAt(this.version)
  }

  get(key: Key): Value | undefined {
    this.#checkOpen()
    return this.#rows.get(this.#rows.keys.capture(key), this.version)
  }

  has(key: Key): boolean {
    this.#checkOpen()
    return this.#rows.has(this.#rows.keys.capture(key), this.version)
  }

  scan(options: ScanOptions<Key> = {}): Generator<[Key, Value], void> {
    return this.#pinned(() => {
      const scan = capturedScan(this.#rows, options)
      return firstOf(this.#rows.entries(scan, this.version), scan.limit)
    })
  }

  /** The rows whose number in a zone map of the table is in a range, in no order. */
  where(zone: Zone, range: Range<number>): Generator<[Key, Value], void> {
    return this.#pinned(() => {
      checkRange(this.#rows, range)
      return this.#rows.matches(zone, range, this.version)
    })
  }

  /** Lets the versions of rows go that are kept for it alone. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#versions.unpin(this.version)
  }

  /** What is read is kept until it has been read, whether or not the snapshot is disposed of meanwhile. */
  *#pinned(read: () => Iterable<[Key, Value]>): Generator<[Key, Value], void> {
    this.#checkOpen()
    this.#versions.pin(this.version)
    try {
      yield* read()
    } finally {
      this.#versions.unpin(this.version)
    }
  }

  #checkOpen(): void {
    if (this.#isOpen) return
    const message = `the snapshot of version ${this.version} was used after its end`
    throw new StateError('STATE_VERSION_DROPPED', message, { version: this.version })
  }
}
