import { unitBytes } from './block.ts'
import { unitBits } from './constants/block.ts'
import { rowKeyBytesMax, versionHeaderBytes } from './constants/row-version.ts'
import { segmentBits } from './constants/segments.ts'
import {
  newMemory,
  newSharedMemory,
  type WasmGlobal,
  wasmInstance,
  type WasmMemory,
  type WasmModule,
  wasmModule,
} from './wasm-module.ts'

interface RowsExports {
  readonly start: (low: number, high: number, units: number, ordered: number) => void
  readonly ask: (length: number) => void
  readonly find: (length: number, stamp: number) => number
  readonly lastStamp: (length: number) => number
  readonly put: (valueLength: number, isDeletion: number, stamp: number) => number
  readonly replace: (valueLength: number, stamp: number) => number
  readonly remove: (length: number) => number
  readonly undo: (address: number) => void
  readonly settle: (address: number, newestPinned: number) => number
  readonly drop: (address: number) => void
  readonly dropTombstone: (address: number, stamp: number) => void
  readonly stampAt: (address: number) => number
  readonly scan: (...range: [...RangeWords, stamp: number, countMax: number]) => number
  readonly scanBack: (...range: [...RangeWords, stamp: number, countMax: number]) => number
  readonly lastStampIn: (...range: RangeWords) => number
  readonly walk: (segment: number, units: number, until: number, stamp: number, isOfVersions: number) => number
  readonly key: WasmGlobal
  readonly lastKey: WasmGlobal
  readonly found: WasmGlobal
  readonly walkedSegment: WasmGlobal
  readonly walkedUnits: WasmGlobal
  readonly liveUnits: WasmGlobal
}

type RangeWords = [length: number, isAfter: number, hasLast: number, lastLength: number, isOpen: number]

/** A range of keys whose bounds have been written as bytes. */
export interface KeyRange {
  /** Bytes at `keyAt`, with which the range begins, or after them where `isAfter`. */
  readonly length: number
  readonly isAfter: boolean
  /** Bytes at `lastKeyAt`, with which it ends, or before them where `isOpen`; no end where there are none. */
  readonly lastLength: number | undefined
  readonly isOpen: boolean
}

/** What a thread needs to read rows that another one changes; a message can carry it. */
export interface SharedRows {
  readonly memory: WasmMemory
  readonly seed: readonly [number, number]
}

interface RowsOptions {
  /** Limit for live versions, up to `rowBytesMax`. */
  readonly bytesMax: number
  readonly isOrdered: boolean
  /** Whether other threads may read: see `RowsReader`. */
  readonly isShared: boolean
  /** That of the hash. */
  readonly seed: readonly [number, number]
}

const module = wasmModule('rows')
const memoryBytesMin = 1 << 22
/** Live versions of one table take at most as many bytes; index, order and free blocks have the rest of 4 GiB. */
export const rowBytesMax = 3 * 2 ** 30
/** More segments of memory than there are. */
const segmentsMax = 1 << 11

/**
 * Rows of bytes in versions outside the JavaScript heap. It knows neither transactions nor who reads: those who do say
 * with which stamp a version is written, and up to which one rows are read.
 */
export class VersionedRows {
  readonly #run: RowsExports
  readonly #memory: WasmMemory
  /** For other threads; nothing where the memory is not shared. */
  readonly shared: SharedRows | undefined
  /** Where the key goes that is asked for. */
  readonly keyAt: number
  /** Where the last key of a range goes. */
  readonly lastKeyAt: number
  #bytes: Buffer = Buffer.alloc(0)
  #words = new Int32Array(0)

  constructor({ bytesMax, isOrdered, isShared, seed }: RowsOptions) {
    this.#memory = isShared ? newSharedMemory(memoryBytesMin) : newMemory(memoryBytesMin)
    this.shared = isShared ? { memory: this.#memory, seed } : undefined
    this.#run = wasmInstance<RowsExports>(isShared ? sharedRowsModule() : module, {}, this.#memory)
    this.#run.start(...seed, Math.ceil(bytesMax / unitBytes), Number(isOrdered))
    this.keyAt = this.#run.key.value
    this.lastKeyAt = this.#run.lastKey.value
  }

  /** Bytes of live versions: headers, keys and values, in blocks of 16. */
  get usedBytes(): number {
    return (this.#run.liveUnits.value << unitBits) >>> 0
  }

  /** All of the memory, until the next `put`. */
  get bytes(): Buffer {
    if (this.#bytes.length === 0) this.#look()
    return this.#bytes
  }

  /** The version of a row as of a stamp; 0 where it is absent. Keys are the bytes at `keyAt`. */
  find(keyLength: number, stamp: number): number {
    return this.#run.find(keyLength, stamp)
  }

  /** The stamp of the last change of a row, deletion included; 0 where none is known. */
  lastStamp(keyLength: number): number {
    return this.#run.lastStamp(keyLength)
  }

  /**
   * Has `put`, `putDeletion` and `replace` be about a row, as the searches before do, as long as `keyAt` is not written
   * again.
   */
  ask(keyLength: number): void {
    this.#run.ask(keyLength)
  }

  /**
   * Links a new version of the row, and returns its address, for `undo` or `settle`; 0 where the table is full. Its
   * value is still to be written.
   */
  put(valueLength: number, stamp: number): number {
    return this.#written(this.#run.put(valueLength, 0, stamp) >>> 0, valueLength)
  }

  /**
   * The same in place of the version before, where no version before the latest is there or read.
   *
   * @returns The address above a bit that is set where there was a version before; 0 where the table is full.
   */
  replace(valueLength: number, stamp: number): number {
    const replaced = this.#run.replace(valueLength, stamp)
    this.#written(replaced >>> 1, valueLength)
    return replaced
  }

  /** The same for a deletion. */
  putDeletion(stamp: number): number {
    return this.#run.put(0, 1, stamp) >>> 0
  }

  /** Takes a row out of which no version before the latest is there or read; returns whether it was there. */
  remove(keyLength: number): boolean {
    return this.#run.remove(keyLength) !== 0
  }

  /** Takes back a version that was put last of its row. */
  undo(address: number): void {
    this.#run.undo(address)
  }

  /**
   * Drops the version before the one at an address, unless it is read.
   *
   * @param newestPinned - The newest stamp that is read, before that of the version; less than 0 where there is none.
   * @returns Bits: `KEPT`, of a version that is to be dropped by `drop`, `TOMBSTONE`, of a row for `dropTombstone`,
   * `REPLACED`.
   */
  settle(address: number, newestPinned: number): number {
    return this.#run.settle(address, newestPinned)
  }

  drop(address: number): void {
    this.#run.drop(address)
  }

  dropTombstone(address: number, stamp: number): void {
    this.#run.dropTombstone(address, stamp)
  }

  /** The version of the row before the one at an address; 0 where there is none. */
  olderAt(address: number): number {
    return this.#word(address, 1)
  }

  stampAt(address: number): number {
    return this.#run.stampAt(address)
  }

  /**
   * The next rows of a range as of a stamp: addresses, fewer than `countMax` (up to 1,024) at its end. Only for ordered
   * rows.
   */
  scan(range: KeyRange, stamp: number, countMax: number): Int32Array {
    return this.#found(this.#run.scan(...wordsOf(range), stamp, countMax))
  }

  /** The last rows of a range, from its end on. */
  scanBack(range: KeyRange, stamp: number, countMax: number): Int32Array {
    return this.#found(this.#run.scanBack(...wordsOf(range), stamp, countMax))
  }

  /** The stamp of the last change of any row of a range. Only for ordered rows. */
  lastStampIn(range: KeyRange): number {
    return this.#run.lastStampIn(...wordsOf(range))
  }

  /** All rows as of a stamp, in pieces of up to 1,024 addresses, each to be used before the next change. */
  walk(stamp: number): Generator<Int32Array, void> {
    return this.#walk(1, segmentsMax, stamp, false)
  }

  /** The rows of one segment as of a stamp, in the same way. */
  walkSegment(segment: number, stamp: number): Generator<Int32Array, void> {
    return this.#walk(segment, segment + 1, stamp, false)
  }

  /** All versions that a segment has, but for deletions. */
  walkVersions(segment: number): Generator<Int32Array, void> {
    return this.#walk(segment, segment + 1, 0, true)
  }

  /** The segment that an address lies in. */
  segmentOf(address: number): number {
    return address >>> (segmentBits - unitBits)
  }

  *#walk(first: number, until: number, stamp: number, isOfVersions: boolean): Generator<Int32Array, void> {
    let segment = first
    let units = 0
    for (;;) {
      const count = this.#run.walk(segment, units, until, stamp, Number(isOfVersions))
      if (count === 0) return
      segment = this.#run.walkedSegment.value
      units = this.#run.walkedUnits.value
      yield this.#found(count)
    }
  }

  keyStart(address: number): number {
    return address * unitBytes + versionHeaderBytes
  }

  keyEnd(address: number): number {
    return this.keyStart(address) + (this.#word(address, 2) & 0xffff)
  }

  valueEnd(address: number): number {
    return this.keyEnd(address) + this.#word(address, 3)
  }

  #written(address: number, valueLength: number): number {
    // Shared memory that has grown leaves the bytes that were there before in use.
    if (this.keyStart(address) + rowKeyBytesMax + valueLength > this.#bytes.length) this.#look()
    return address
  }

  #word(address: number, index: number): number {
    if (this.#words.length === 0) this.#look()
    return this.#words[address * 4 + index]!
  }

  #found(count: number): Int32Array {
    if (this.#words.length === 0) this.#look()
    const first = this.#run.found.value >> 2
    return this.#words.slice(first, first + count)
  }

  #look(): void {
    this.#bytes = Buffer.from(this.#memory.buffer)
    this.#words = new Int32Array(this.#memory.buffer)
  }
}

let sharedModule: WasmModule | undefined

/** Compiled when the first table is shared. */
export function sharedRowsModule(): WasmModule {
  return (sharedModule ??= wasmModule('rows-shared'))
}

function wordsOf({ length, isAfter, lastLength, isOpen }: KeyRange): RangeWords {
  return [length, Number(isAfter), Number(lastLength !== undefined), lastLength ?? 0, Number(isOpen)]
}
