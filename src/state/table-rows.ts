import { StateError } from '../core/errors.ts'
import {
  KEPT,
  type KeyRange,
  REPLACED,
  rowKeyBytesMax,
  type SharedRows,
  TOMBSTONE,
  VersionedRows,
} from '../kernel/index.ts'
import type { CapturedScan } from './captured-scan.ts'
import type { Codec, KeyCodec } from './codec.ts'
import { keyTooLong, writeKey } from './key-bytes.ts'
import type { Pins } from './pins.ts'
import { downTo, isWithin, type Range, upTo } from './range.ts'
import type { ZoneMap, ZoneOf } from './zone-map.ts'
import { ZoneMaps } from './zone-maps.ts'

/** A new version of a row that is linked and not committed yet. */
export interface Linked {
  readonly address: number
  readonly isDeletion: boolean
}

/** Where the key and the value of a row lie among bytes; a value that ends before it begins is none. */
export interface RowBytes {
  readonly bytes: Uint8Array
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

interface RowsOptions<Value> {
  readonly bytesMax: number
  readonly isOrdered: boolean
  readonly isShared: boolean
  readonly seed: [number, number]
  readonly zones: Readonly<Record<string, ZoneOf<Value>>>
}

interface SizeAt {
  version: number
  size: number
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
  /** The key that the rows are asked about; nothing where another one has been written to its place. */
  #asked: Key | undefined
  readonly #zones: ZoneMaps<Value>

  constructor(
    name: string,
    keys: KeyCodec<Key>,
    values: Codec<Value>,
    { bytesMax, isOrdered, isShared, seed, zones }: RowsOptions<Value>,
  ) {
    this.name = name
    this.keys = keys
    this.values = values
    this.isOrdered = isOrdered
    this.#bytesMax = bytesMax
    this.#rows = new VersionedRows({ bytesMax, isOrdered, isShared, seed })
    this.#zones = new ZoneMaps(name, zones)
  }

  /** For other threads; nothing where the store is not shared. */
  get shared(): SharedRows | undefined {
    return this.#rows.shared
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

  /**
   * Rows at a version that stays pinned meanwhile: in the order of their keys where the table is ordered. The limit is
   * for the caller to heed, who may leave some of them out.
   */
  *entries(scan: CapturedScan<Key>, version: number): Generator<[Key, Value], void> {
    for (const addresses of this.isOrdered ? this.#scan(scan, version) : this.#rows.walk(version)) {
      for (const address of addresses) yield [this.#keyAt(address), this.#valueAt(address)]
    }
  }

  /** Rows at a version that stays pinned meanwhile whose number in a zone map is in a range, in no order. */
  *matches(name: string, range: Range<number>, version: number): Generator<[Key, Value], void> {
    const zone = this.#zones.named(name)
    for (let segment = 1; segment < zone.end; segment++) {
      if (!zone.mayMatch(segment, range)) continue
      let isInVain = true
      for (const addresses of this.#rows.walkSegment(segment, version)) {
        for (const address of addresses) {
          const value = this.#valueAt(address)
          if (!isMatch(zone.of(value), range)) continue
          isInVain = false
          yield [this.#keyAt(address), value]
        }
      }
      if (isInVain && !zone.isMeasured(segment)) zone.measure(segment, this.#numbersIn(segment, zone))
    }
  }

  /** Whether a captured value is found by a range of a zone map. */
  isMatch(name: string, captured: unknown, range: Range<number>): boolean {
    return isMatch(this.#zones.named(name).of(this.values.restore(captured)), range)
  }

  /** A value as it is kept, once its zone maps have taken it. @throws STATE_VALUE_INVALID */
  capture(value: Value): unknown {
    const captured = this.values.capture(value)
    this.checkZones(captured)
    return captured
  }

  /** @throws STATE_VALUE_INVALID where a zone map cannot take a captured value. */
  checkZones(captured: unknown): void {
    if (!this.#zones.isEmpty) this.#zones.check(this.values.restore(captured))
  }

  /**
   * Links a new version of a row. Readers of versions before do not see it. @throws STATE_BYTES_EXCEEDED, and then
   * nothing is linked.
   */
  link(key: Key, captured: unknown, isDeletion: boolean, version: number): Linked {
    this.#askToWrite(key)
    const address = isDeletion ? this.#rows.putDeletion(version) : this.#linkValue(captured, version)
    if (address === 0) throw this.#full()
    if (!isDeletion && !this.#zones.isEmpty) this.#addToZones(address, captured)
    return { address, isDeletion }
  }

  /** The same for a row whose key and value are bytes as its codecs write them; returns its address. */
  linkBytes({ bytes, keyStart, keyEnd, valueStart, valueEnd }: RowBytes, version: number): number {
    const length = keyEnd - keyStart
    if (length > rowKeyBytesMax) throw keyTooLong(this, length)
    copyWithin(bytes, keyStart, keyEnd, this.#rows.bytes, this.#rows.keyAt)
    this.#asked = undefined
    this.#rows.ask(length)
    const isDeletion = valueEnd < valueStart
    const address = isDeletion ? this.#rows.putDeletion(version) : this.#rows.put(valueEnd - valueStart, version)
    if (address === 0) throw this.#full()
    if (!isDeletion) copyWithin(bytes, valueStart, valueEnd, this.#rows.bytes, this.#rows.keyStart(address) + length)
    return address
  }

  /** Shows the rows of a version as bytes, in no order, each until `visit` returns. */
  visit(version: number, visit: (row: RowBytes) => void): void {
    const row = { bytes: this.#rows.bytes, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0 }
    for (const addresses of this.#rows.walk(version)) {
      for (const address of addresses) {
        row.keyStart = this.#rows.keyStart(address)
        row.keyEnd = row.valueStart = this.#rows.keyEnd(address)
        row.valueEnd = this.#rows.valueEnd(address)
        visit(row)
      }
    }
  }

  /** Whether a change may take the place of the version before, where nobody reads that: no zone map has to take it. */
  get isReplaceable(): boolean {
    return this.#zones.isEmpty
  }

  /**
   * Sets the value of a row while nobody reads a version; returns whether the row is new. @throws STATE_BYTES_EXCEEDED,
   * and then nothing has happened.
   */
  replace(key: Key, captured: unknown, version: number): boolean {
    this.#askToWrite(key)
    const length = this.#stageValue(captured)
    const replaced = length < 0 ? 0 : this.#rows.replace(length, version)
    if (replaced === 0) throw this.#full()
    copy(this.#stage, length, this.#rows.bytes, this.#rows.keyEnd(replaced >>> 1))
    return (replaced & 1) === 0
  }

  /** Takes a row out while nobody reads a version; returns whether it was there. */
  remove(key: Key): boolean {
    return this.#rows.remove(this.#ask(key))
  }

  /** Takes back what was linked last. */
  unlink({ address }: Linked): void {
    this.#rows.undo(address)
  }

  /**
   * Once its commit has happened: drops the version before, or leaves it to those who read it. Returns how many rows
   * more there are.
   */
  settle(address: number, isDeletion: boolean, version: number, pins: Pins): number {
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
    if (last.version <= pins.newest) {
      this.#sizes.push({ version, size: last.size + difference })
      if (this.#sizes.length > sizesMax) this.#forgetSizes(pins)
      return
    }
    // Sizes of versions that nobody reads are forgotten: no more of them are kept than there are pins.
    if (pins.isEmpty && this.#sizes.length > 1) this.#sizes = [last]
    // Nobody reads the one before, and an object for each change would be most of what is collected.
    last.version = version
    last.size += difference
  }

  /** Nothing is linked where a function of a zone map fails now that has not failed before. */
  #addToZones(address: number, captured: unknown): void {
    try {
      this.#zones.add(this.#rows.segmentOf(address), this.values.restore(captured))
    } catch (error) {
      this.#rows.undo(address)
      throw error
    }
  }

  *#numbersIn(segment: number, { of }: ZoneMap<Value>): Generator<number | undefined, void> {
    for (const addresses of this.#rows.walkVersions(segment)) {
      for (const address of addresses) yield of(this.#valueAt(address))
    }
  }

  #forgetSizes(pins: Pins): void {
    const read = pins.versions()
    this.#sizes = this.#sizes.filter(({ version }, index) => {
      const until = this.#sizes[index + 1]?.version ?? Infinity
      return until === Infinity || read.some((pinned) => version <= pinned && pinned < until)
    })
  }

  *#scan({ range, isReverse, limit }: CapturedScan<Key>, version: number): Generator<Int32Array, void> {
    const countMax = Math.min(limit, pieceMax)
    for (let rest = range; ;) {
      const words = this.#askRange(rest)
      const addresses = isReverse
        ? this.#rows.scanBack(words, version, countMax)
        : this.#rows.scan(words, version, countMax)
      yield addresses
      if (addresses.length < countMax) return
      const last = this.#keyAt(addresses.at(-1)!)
      rest = isReverse ? upTo(range, { before: last }) : downTo(range, { after: last })
    }
  }

  #linkValue(captured: unknown, version: number): number {
    const length = this.#stageValue(captured)
    const address = length < 0 ? 0 : this.#rows.put(length, version)
    if (address !== 0) copy(this.#stage, length, this.#rows.bytes, this.#rows.keyEnd(address))
    return address
  }

  /**
   * Lays a value out before its row is linked, because its length has to be known, and memory may move then. Returns its
   * length; less than 0 where it is longer than any table takes.
   */
  #stageValue(captured: unknown): number {
    const bytesMax = this.values.bytesMax(captured)
    if (bytesMax > this.#bytesMax * 3) return -1
    if (this.#stage.length < bytesMax) this.#stage = Buffer.allocUnsafeSlow(bytesMax * 2)
    return this.values.write(captured, this.#stage, 0)
  }

  /** Writes a key to where it is asked for; returns its length. */
  #ask(key: Key): number {
    this.#asked = undefined
    const length = this.#writeKey(key, this.#rows.keyAt)
    this.#asked = key
    return length
  }

  /** The same for a row that is to be written, which a transaction may have read just before. */
  #askToWrite(key: Key): void {
    if (key !== this.#asked) this.#rows.ask(this.#ask(key))
  }

  #askRange({ from, after, to, before }: Range<Key>): KeyRange {
    const first = after ?? from
    const last = before ?? to
    this.#asked = undefined
    return {
      length: first === undefined ? 0 : this.#writeKey(first, this.#rows.keyAt),
      isAfter: after !== undefined,
      lastLength: last === undefined ? undefined : this.#writeKey(last, this.#rows.lastKeyAt),
      isOpen: before !== undefined,
    }
  }

  /** Returns how many bytes it has. */
  #writeKey(key: Key, at: number): number {
    return writeKey(this, key, this.#rows.bytes, at)
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

function isMatch(number: number | undefined, range: Range<number>): boolean {
  return number !== undefined && isWithin(range, number, (left, right) => left - right)
}

const pieceMax = 256
/** Sizes of versions before that are looked through for those that nobody reads any more. */
const sizesMax = 1024

function copyWithin(from: Uint8Array, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > 64) to.set(from.subarray(start, end), at)
  else for (let index = start; index < end; index++) to[at + index - start] = from[index]!
}

// A call into the runtime costs more than short values do.
function copy(from: Buffer, length: number, to: Buffer, at: number): void {
  if (length > 64) from.copy(to, at, 0, length)
  else for (let index = 0; index < length; index++) to[at + index] = from[index]!
}
