import { MillraceError } from '../core/errors.ts'
import { FREE, UNTOUCHED } from './constants/segments.ts'
import { segmentBytes, TableMemory } from './table-memory.ts'
import { guarded, type WasmGlobal, wasmInstance, type WasmMemory, wasmModule } from './wasm-module.ts'

/** What `assembly/table.ts` exports: functions, */
interface TableFunctions {
  readonly start: (...words: [low: number, high: number, sides: number, units: number, ...others: number[]]) => void
  readonly takeStage: (bytes: number) => number
  readonly freeStage: (address: number) => void
  readonly setBases: (bytes: number, extra: number) => void
  readonly apply: (count: number) => number
  readonly measureCut: (count: number, own: number, shardCount: number) => number
  readonly cutOut: (count: number, own: number, shardCount: number, to: number) => void
  readonly cutDeferred: (to: number) => void
  readonly placeCut: (at: number, count: number) => number
  readonly route: (count: number, first: number, partitions: number) => number
  readonly tellChanges: (undoEnd: number, departedEnd: number) => void
  readonly commit: (undoEnd: number, departedEnd: number, copiesEnd: number) => void
  readonly rollback: (undoEnd: number, departedEnd: number, copiesEnd: number) => void
  readonly isSparse: () => number
  readonly compact: (blocksMax: number) => number
  readonly sweep: (limit: number, blocksMax: number) => number
  readonly passAwaited: (passes: number, blocksMax: number, mayMerge: number) => number
  readonly retain: () => number
  readonly moveOut: (limit: number, blocksMax: number) => number
  readonly hashKeys: (count: number) => void
  readonly recall: (task: number, number: number, key: number, length: number, isNumber: number) => number
  readonly openOutput: () => number
  readonly flush: () => void
  readonly findRow: (key: number, length: number, isNumber: number) => number
  readonly hashOf: (start: number, end: number, isNumber: number) => number
  readonly secondHashOf: (start: number, end: number, isNumber: number) => number
  readonly hasRoom: (hash: number) => number
  readonly insert: (hash: number, address: number) => void
  readonly remove: (hash: number, address: number) => void
  readonly pageOf: (hash: number) => number
  readonly slotOf: (page: number, hash: number, address: number) => number
  readonly murmur2: (start: number, length: number) => number
}

/** its state, of which these are read or set here, */
type State =
  | 'segmentCount'
  | 'usedSegments'
  | 'liveUnits'
  | 'blockUnits'
  | 'depth'
  | 'slotCount'
  | 'slotPages'
  | 'undoEnd'
  | 'departedEnd'
  | 'copiesEnd'
  | 'duplicates'
  | 'quorum'
  | 'latestSides'
  | 'listSides'
  | 'listFullReason'
  | 'mergesStored'
  | 'carries'
  | 'rememberedSlots'
  | 'confirmed'
  | 'deferredCount'
  | 'deferredBytes'
  | 'unitsMax'
  | 'recordBytesMax'
  | 'isHandedOver'
  | 'earliestMs'
  | 'latestMs'
  | 'partitionCount'
  | 'batchBytes'
  | 'openBytes'
  | 'moved'
  | 'movedUnits'
  | 'outputRoom'

/** and the addresses of columns and tables. */
type Place =
  | 'offsets'
  | 'timestamps'
  | 'sides'
  | 'reasons'
  | 'flags'
  | 'keyStarts'
  | 'keyEnds'
  | 'spellingStarts'
  | 'spellingEnds'
  | 'partStarts'
  | 'partEnds'
  | 'numbersTold'
  | 'carriedStarts'
  | 'carriedEnds'
  | 'lanes'
  | 'origin'
  | 'cutCounts'
  | 'cutSizes'
  | 'keyHashes'
  | 'literals'
  | 'fullBits'
  | 'listLengths'
  | 'toldLists'
  | 'directory'
  | 'kinds'

type TableExports = TableFunctions & Readonly<Record<State | Place, WasmGlobal>>

export interface TableHandlers {
  readonly filled: (
    partition: number,
    start: number,
    end: number,
    count: number,
    baseTimestamp: number,
    maxTimestamp: number,
  ) => void
  readonly refused: (head: number, reason: number) => void
  readonly expired: (head: number) => void
  readonly merged: (head: number) => number
  readonly handed: (
    row: number,
    key: number,
    value: number,
    headers: number,
    carried: number,
    end: number,
    greatestMs: number,
    leastMs: number,
  ) => number
  readonly traced: (start: number, end: number, count: number) => void
  readonly changed: (partition: number, chunk: number, bitmap: number, added: number, low: number, high: number) => void
  readonly pending: (partition: number, offset: number) => number
  readonly taskOf: (partition: number) => number
  readonly numberNext: (task: number) => number
  readonly numberLast: (task: number) => number
  readonly isNumberForgotten: (task: number, number: number) => number
  readonly movedOut: (head: number, low: number, high: number) => number
}

const module = wasmModule('table')
/** Segments that are free, but not given back to the system: 32 MiB. */
const slackSegments = 16

/**
 * One instance of the table's WebAssembly and its memory, of at most 4 GiB. Memory only grows, so what a burst has left
 * is given back by moving into a new one: segments in use are copied to their old addresses, and the system gives no
 * memory for what is not touched.
 */
export class TableMachine {
  readonly #handlers: TableHandlers
  #memory: WasmMemory
  #bytes!: Uint8Array<ArrayBuffer>
  #words!: Int32Array<ArrayBuffer>
  #buffer!: Buffer
  /** Look it up anew after each `compact`. Functions throw `TABLE_BROKEN` once one of them has failed in itself. */
  run: TableExports
  #failure: MillraceError | undefined

  constructor(handlers: TableHandlers, { memory, touchedSegments } = new TableMemory()) {
    this.#handlers = handlers
    this.#memory = memory
    const exports = wasmInstance<TableExports>(module, { ...handlers }, memory)
    exports.segmentCount.value = Math.max(exports.segmentCount.value, touchedSegments)
    this.run = this.#guarded(exports)
    this.#look()
  }

  /** Whether a function has failed in itself, so that nothing in the memory means anything. */
  get isBroken(): boolean {
    return this.#failure !== undefined
  }

  /** All of the memory, until a call of `run` lets it grow. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0) this.#look()
    return this.#bytes
  }

  /** The same, as text is read from it. */
  get buffer(): Buffer {
    if (this.#buffer.length === 0) this.#look()
    return this.#buffer
  }

  /** The same as words. */
  get words(): Int32Array<ArrayBuffer> {
    if (this.#words.length === 0) this.#look()
    return this.#words
  }

  /** Bytes that the system has given. */
  get touchedBytes(): number {
    const { segmentCount } = this.run
    return (segmentCount.value - this.#count(UNTOUCHED)) * segmentBytes
  }

  /** The numbers at a place. */
  int32(place: Place, length: number): Int32Array {
    return new Int32Array(this.bytes.buffer, this.run[place].value, length)
  }

  uint8(place: Place, length: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.run[place].value, length)
  }

  float64(place: Place, length: number): Float64Array {
    return new Float64Array(this.bytes.buffer, this.run[place].value, length)
  }

  /** Whether more than half of the memory is free. */
  get isSparse(): boolean {
    return this.#count(FREE) > this.run.usedSegments.value + slackSegments
  }

  /** Moves where that is so. */
  giveBack(): void {
    if (this.isSparse) this.#move()
  }

  #move(): void {
    const from = this.bytes
    const segments = this.uint8('kinds', this.run.segmentCount.value)
    const isFree = (kind: number) => kind === FREE || kind === UNTOUCHED
    const count = segments.findLastIndex((kind, segment) => segment === 0 || !isFree(kind)) + 1
    const old = this.run
    segments.forEach((kind, segment) => isFree(kind) && segment > 0 && (segments[segment] = UNTOUCHED))

    const { memory } = new TableMemory(count * segmentBytes)
    const exports = wasmInstance<TableExports>(module, { ...this.#handlers }, memory)
    const to = new Uint8Array(memory.buffer)
    for (let segment = 0; segment < count; segment++) {
      if (segment > 0 && segments[segment] === UNTOUCHED) continue
      const at = segment * segmentBytes
      to.set(from.subarray(at, at + segmentBytes), at)
    }
    for (const [name, { value }] of Object.entries(old) as [State, WasmGlobal][]) {
      // Functions have no value, and what is constant is the same.
      if (value !== undefined && exports[name].value !== value) exports[name].value = value
    }
    exports.segmentCount.value = count
    this.#memory = memory
    this.run = this.#guarded(exports)
    this.#look()
  }

  #guarded(exports: TableExports): TableExports {
    return guarded(exports, {
      before: () => {
        if (this.#failure !== undefined) throw this.#failure
      },
      onTrap: (trap) => {
        this.#failure = new MillraceError('TABLE_BROKEN', `the pending table has failed: ${String(trap)}`, {}, trap)
        throw this.#failure
      },
    })
  }

  #count(kind: number): number {
    return this.uint8('kinds', this.run.segmentCount.value).reduce(
      (sum, other, i) => sum + Number(i > 0 && other === kind),
      0,
    )
  }

  #look(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer)
    this.#words = new Int32Array(this.#memory.buffer)
    this.#buffer = Buffer.from(this.#memory.buffer)
  }
}
