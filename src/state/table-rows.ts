import { StateError } from '../core/errors.ts'
import { KEPT, type KeyRange, REPLACED, rowKeyBytesMax, TOMBSTONE, VersionedRows } from '../kernel/index.ts'
import type { Codec, KeyCodec } from './codec.ts'
import type { Pins } from './pins.ts'
import type { Range } from './range.ts'

/** A new version of a row that is linked and not committed yet. */
export interface Linked {
  readonly address: number
  readonly isDeletion: boolean
}

interface SizeAt {
  readonly version: number
  readonly size: number
}

/**
 * The rows of one table with keys and values of their types, at any version that is the latest or pinned.
 *
 * State: the rows, and how many there are: as of the latest version, and before where somebody reads those.
 */
export class TableRows<Key, Value> {
  readonly name: string
  readonly keys: KeyCodec<Key>
  readonly values: Codec<Value>
  readonly isOrdered: boolean
  readonly #bytesMax: number
  readonly #rows: VersionedRows
  #stage = Buffer.allocUnsafeSlow(1024)
  #sizes: SizeAt[] = [{ version: 0, size: 0 }]
  #changedAt = 0

  constructor(
    name: string,
    keys: KeyCodec<Key>,
    values: Codec<Value>,
    { bytesMax, isOrdered, seed }: { bytesMax: number; isOrdered: boolean; seed: [number, number] },
  ) {
    this.name = name
    this.keys = keys
    this.values = values
    this.isOrdered = isOrdered
    this.#bytesMax = bytesMax
    this.#rows = new VersionedRows({ bytesMax, isOrdered, seed })
  }

  get usedBytes(): number {
    return this.#rows.usedBytes
  }

  /** The version of the last commit that has changed any row. */
  get changedAt(): number {
    return this.#changedAt
  }

  /** The version of the last commit that has changed how many rows there are. */
  get resizedAt(): number {
    return this.#sizes.at(-1)!.version
  }

  sizeAt(version: number): number {
    return this.#sizes.findLast((known) => known.version <= version)!.size
  }

  has(key: Key, version: number): boolean {
    return this.#rows.find(this.#ask(key), version) !== 0
  }

  get(key: Key, version: number): Value | undefined {
    const address = this.#rows.find(this.#ask(key), version)
    return address === 0 ? undefined : this.#valueAt(address)
  }

  /** The version of the commit that has last changed a row, deletion included; 0 where nobody can tell any more. */
  lastChange(key: Key): number {
    return this.#rows.lastStamp(this.#ask(key))
  }

  lastChangeIn(range: Range<Key>): number {
    return this.#rows.lastStampIn(this.#askRange(range))
  }

  /** Rows at a version that stays pinned meanwhile: in the order of their keys where the table is ordered. */
  *entries(range: Range<Key>, version: number): Generator<[Key, Value], void> {
    for (const addresses of this.isOrdered ? this.#scan(range, version) : this.#rows.walk(version)) {
      for (const address of addresses) yield [this.#keyAt(address), this.#valueAt(address)]
    }
  }

  /**
   * Links a new version of a row. Readers of versions before do not see it. @throws STATE_BYTES_EXCEEDED, and then
   * nothing is linked.
   */
  link(key: Key, captured: unknown, isDeletion: boolean, version: number): Linked {
    const address = isDeletion
      ? this.#rows.putDeletion(this.#ask(key), version)
      : this.#linkValue(key, captured, version)
    if (address === 0) throw this.#full()
    return { address, isDeletion }
  }

  /** Takes back what was linked last. */
  unlink({ address }: Linked): void {
    this.#rows.undo(address)
  }

  /**
   * Once its commit has happened: drops the version before, or leaves it to those who read it. Returns how many rows
   * more there are.
   */
  settle({ address, isDeletion }: Linked, version: number, pins: Pins): number {
    const before = this.#rows.olderAt(address)
    const settled = this.#rows.settle(address, pins.newest)
    if ((settled & KEPT) !== 0) pins.keep(this.#rows, before)
    if ((settled & TOMBSTONE) !== 0) pins.keepTombstone(this.#rows, address, version)
    return Number(!isDeletion) - Number((settled & REPLACED) !== 0)
  }

  /** Notes a commit that has changed rows of the table, and by how many there are more of them. */
  changed(version: number, difference: number, pins: Pins): void {
    this.#changedAt = version
    if (difference === 0) return
    const last = this.#sizes.at(-1)!
    // Sizes of versions that nobody reads are forgotten: no more of them are kept than there are pins.
    if (pins.isEmpty) this.#sizes = []
    else if (last.version > pins.newest) this.#sizes.pop()
    this.#sizes.push({ version, size: last.size + difference })
    if (this.#sizes.length > sizesMax) this.#forgetSizes(pins)
  }

  #forgetSizes(pins: Pins): void {
    const read = pins.versions()
    this.#sizes = this.#sizes.filter(({ version }, index) => {
      const until = this.#sizes[index + 1]?.version ?? Infinity
      return until === Infinity || read.some((pinned) => version <= pinned && pinned < until)
    })
  }

  *#scan(range: Range<Key>, version: number): Generator<Int32Array, void> {
    let rest = range
    for (;;) {
      const addresses = this.#rows.scan(this.#askRange(rest), version, pieceMax)
      yield addresses
      if (addresses.length < pieceMax) return
      const { to, before } = range
      rest = {
        after: this.#keyAt(addresses.at(-1)!),
        ...(to === undefined ? {} : { to }),
        ...(before === undefined ? {} : { before }),
      }
    }
  }

  #linkValue(key: Key, captured: unknown, version: number): number {
    // The value is laid out first, because its length has to be known, and memory may move when the row is linked.
    const bytesMax = this.values.bytesMax(captured)
    if (bytesMax > this.#bytesMax * 3) return 0
    if (this.#stage.length < bytesMax) this.#stage = Buffer.allocUnsafeSlow(bytesMax * 2)
    const length = this.values.write(captured, this.#stage, 0)
    const address = this.#rows.put(this.#ask(key), length, version)
    if (address !== 0) copy(this.#stage, length, this.#rows.bytes, this.#rows.keyEnd(address))
    return address
  }

  /** Writes a key to where it is asked for; returns its length. */
  #ask(key: Key): number {
    return this.#writeKey(key, this.#rows.keyAt)
  }

  #askRange({ from, after, to, before }: Range<Key>): KeyRange {
    const first = after ?? from
    const last = before ?? to
    return {
      length: first === undefined ? 0 : this.#ask(first),
      isAfter: after !== undefined,
      lastLength: last === undefined ? undefined : this.#writeKey(last, this.#rows.lastKeyAt),
      isOpen: before !== undefined,
    }
  }

  #writeKey(key: Key, at: number): number {
    if (this.keys.bytesMax(key) > rowKeyBytesMax) this.#checkLength(key)
    return this.keys.write(key, this.#rows.bytes, at) - at
  }

  #checkLength(key: Key): void {
    const bytesMax = this.keys.bytesMax(key)
    const length = this.keys.write(key, Buffer.allocUnsafe(bytesMax), 0)
    if (length <= rowKeyBytesMax) return
    const message = `a key of table ${this.name} has ${length} bytes: at most ${rowKeyBytesMax} are possible`
    throw new StateError('STATE_VALUE_INVALID', message, { table: this.name, bytes: length })
  }

  #keyAt(address: number): Key {
    return this.keys.read(this.#rows.bytes, this.#rows.keyStart(address), this.#rows.keyEnd(address))
  }

  #valueAt(address: number): Value {
    return this.values.read(this.#rows.bytes, this.#rows.keyEnd(address), this.#rows.valueEnd(address))
  }

  #full(): StateError {
    const message = `table ${this.name} has no room within its ${this.#bytesMax} bytes: delete rows, or raise its bytesMax`
    return new StateError('STATE_BYTES_EXCEEDED', message, { table: this.name, bytesMax: this.#bytesMax })
  }
}

const pieceMax = 256
/** Sizes of versions before that are looked through for those that nobody reads any more. */
const sizesMax = 1024

// A call into the runtime costs more than short values do.
function copy(from: Buffer, length: number, to: Buffer, at: number): void {
  if (length > 64) from.copy(to, at, 0, length)
  else for (let index = 0; index < length; index++) to[at + index] = from[index]!
}
