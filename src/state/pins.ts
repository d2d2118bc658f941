import { assert } from '../core/assert.ts'
import type { VersionedRows } from '../kernel/index.ts'

interface Pin {
  readonly version: number
  count: number
  /** Versions of rows that this pin, or one before it, still reads, and no later one does. */
  readonly kept: { readonly rows: VersionedRows; readonly address: number }[]
  before: Pin | undefined
  after: Pin | undefined
}

interface Tombstone {
  readonly rows: VersionedRows
  readonly address: number
  readonly version: number
}

/**
 * The versions of a store that somebody reads, and the rows that are kept for them.
 *
 * State: pins in the order of their versions. A row version that is superseded is on the list of the newest pin that
 * was there then; it is read by pins from its own version on. When a pin ends, what is on its list goes to the pin
 * before where that one reads it too, or is dropped. A deleted row is dropped when no pin is left that is older than
 * its deletion: until then transactions have to see that it has changed. So each kept version is looked at once for
 * each pin that it outlives, and none is kept that nobody can read.
 */
export class Pins {
  #oldest: Pin | undefined
  #newest: Pin | undefined
  readonly #byVersion = new Map<number, Pin>()
  /** In the order of their deletion; those before the index have been dropped. */
  #tombstones: Tombstone[] = []
  #droppedTombstones = 0
  #keptCount = 0

  /** The newest version that is pinned; -1 where none is. */
  get newest(): number {
    return this.#newest === undefined ? -1 : this.#newest.version
  }

  get isEmpty(): boolean {
    return this.#oldest === undefined
  }

  /** Row versions that are there for pins alone, deleted rows included. */
  get keptCount(): number {
    return this.#keptCount + this.#tombstones.length - this.#droppedTombstones
  }

  versions(): number[] {
    return [...this.#byVersion.keys()]
  }

  has(version: number): boolean {
    return this.#byVersion.has(version)
  }

  /** Keeps what can be read at a version, which is the latest one or pinned already, until `unpin`. */
  pin(version: number): void {
    const known = this.#newest?.version === version ? this.#newest : this.#byVersion.get(version)
    if (known !== undefined) {
      known.count++
      return
    }
    assert(version > this.newest, 'only the latest version is pinned anew')
    const pin: Pin = { version, count: 1, kept: [], before: this.#newest, after: undefined }
    if (this.#newest === undefined) this.#oldest = pin
    else this.#newest.after = pin
    this.#newest = pin
    this.#byVersion.set(version, pin)
  }

  unpin(version: number): void {
    const pin = this.#byVersion.get(version)
    assert(pin !== undefined, 'a version that ends to be read has been pinned')
    if (--pin.count > 0) return
    this.#byVersion.delete(version)
    if (pin.before === undefined) this.#oldest = pin.after
    else pin.before.after = pin.after
    if (pin.after === undefined) this.#newest = pin.before
    else pin.after.before = pin.before
    for (const kept of pin.kept) {
      if (pin.before !== undefined && kept.rows.stampAt(kept.address) <= pin.before.version) pin.before.kept.push(kept)
      else {
        kept.rows.drop(kept.address)
        this.#keptCount--
      }
    }
    this.#dropTombstones()
  }

  /** Takes in a row version that has just been superseded. */
  keep(rows: VersionedRows, address: number): void {
    assert(this.#newest !== undefined, 'a version is kept for a pin')
    this.#newest.kept.push({ rows, address })
    this.#keptCount++
  }

  /** Takes in a row that has just been deleted. */
  keepTombstone(rows: VersionedRows, address: number, version: number): void {
    this.#tombstones.push({ rows, address, version })
  }

  #dropTombstones(): void {
    const oldest = this.#oldest?.version ?? Infinity
    const from = this.#droppedTombstones
    for (; this.#droppedTombstones < this.#tombstones.length; this.#droppedTombstones++) {
      const { rows, address, version } = this.#tombstones[this.#droppedTombstones]!
      if (version > oldest) break
      rows.dropTombstone(address, version)
    }
    if (this.#droppedTombstones === from || this.#droppedTombstones * 2 < this.#tombstones.length) return
    this.#tombstones = this.#tombstones.slice(this.#droppedTombstones)
    this.#droppedTombstones = 0
  }
}
