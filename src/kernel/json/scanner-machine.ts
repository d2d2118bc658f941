import { copyBytes } from '../copy-bytes.ts'
import { newMemory, type WasmGlobal, wasmInstance, type WasmMemory, wasmModule, wasmPageBytes } from '../wasm-module.ts'
import { Byte } from './byte.ts'
import { unescapeInto } from './unescape.ts'

/** What `../assembly/decoder.ts` exports: functions, and the addresses of its columns. */
interface DecoderExports {
  readonly heapBase: () => number
  readonly setTree: (
    root: number,
    fields: number,
    scopes: number,
    belowStarts: number,
    below: number,
    names: number,
    elementStarts: number,
    elements: number,
    frames: number,
    depthMax: number,
  ) => void
  readonly scan: (from: number, to: number) => number
  readonly recognise: (from: number, to: number) => number
  readonly valueCount: () => number
  readonly configure: (routeField: number, keyBytesMax: number, routes: number) => void
  readonly decode: (count: number, base: number) => number
  readonly lookForTraces: (carriedAt: number) => void
  readonly oddRowCount: () => number
  readonly carryingCount: () => number
  readonly plainEnd: (from: number, end: number) => number
  readonly stringEnd: (from: number, end: number) => number
  readonly findName: (table: number, start: number, end: number, scope: number) => number
  readonly findEscapedName: (table: number, start: number, end: number, scope: number) => number
}

type Column =
  | 'starts'
  | 'ends'
  | 'kinds'
  | 'glueStarts'
  | 'kindsOfValues'
  | 'valueStart'
  | 'valueEnd'
  | 'side'
  | 'reason'
  | 'flags'
  | 'keyStart'
  | 'keyEnd'
  | 'partStart'
  | 'partEnd'
  | 'oddKind'
  | 'keyFields'
  | 'partFields'
  | 'recordEnd'
  | 'leastRandom'
  | 'oddRows'
  | 'carryingRows'
  | 'carriedEnds'
  | 'carriedBytes'

const module = wasmModule('decoder')
/** Bytes that are read after a record, because strings are read sixteen bytes at a time. */
const slackBytes = 32

/**
 * One instance of the decoder's WebAssembly and its memory: tables that are laid down once, and after them the bytes
 * that are looked at, which are copied in. The memory is as large as the largest piece of bytes that it has seen.
 */
export class ScannerMachine {
  readonly run: DecoderExports
  readonly #addresses: Readonly<Record<Column, WasmGlobal>>
  readonly #memory: WasmMemory
  /** Where bytes are copied to. */
  #stagedAt: number
  #bytes: Buffer

  constructor() {
    this.#memory = newMemory(4 * wasmPageBytes)
    const exports = wasmInstance<DecoderExports & Record<Column, WasmGlobal>>(
      module,
      { unescape: (to: number, start: number, end: number) => this.#unescape(to, start, end) },
      this.#memory,
    )
    this.run = exports
    this.#addresses = exports
    this.#bytes = Buffer.from(this.#memory.buffer)
    this.#stagedAt = this.run.heapBase()
  }

  /** Lays down a table for good; returns its address. */
  place(table: Uint8Array | Int32Array): number {
    const address = this.reserve(table.byteLength)
    this.#bytes.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), address)
    return address
  }

  /** Sets memory aside for good; returns its address. */
  reserve(byteCount: number): number {
    const address = (this.#stagedAt + 15) & ~15
    this.#stagedAt = address + byteCount
    this.#grow(0)
    return address
  }

  /** Copies bytes in, in place of those before; returns their address. */
  stage(bytes: Uint8Array, start: number, end: number): number {
    this.#grow(end - start)
    copyBytes(bytes, start, end, this.#bytes, this.#stagedAt)
    return this.#stagedAt
  }

  /** The text of bytes that were copied in, which have to be UTF-8. */
  text(from: number, to: number): string {
    return this.#bytes.toString('utf8', from, to)
  }

  /** The numbers of a column, until the memory grows, which `stage` may do. */
  int32(column: Column, length: number): Int32Array {
    return new Int32Array(this.#bytes.buffer, this.#addressOf(column), length)
  }

  uint8(column: Column, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#addressOf(column), length)
  }

  #addressOf(column: Column): number {
    return this.#addresses[column].value
  }

  #grow(stagedBytes: number): void {
    const missing = this.#stagedAt + stagedBytes + slackBytes - this.#bytes.length
    if (missing <= 0) return
    this.#memory.grow(Math.ceil(missing / wasmPageBytes))
    this.#bytes = Buffer.from(this.#memory.buffer)
  }

  #unescape(to: number, start: number, end: number): number {
    const close = unescapeInto(this.#bytes, to, this.#bytes, start, end)
    this.#bytes[close] = Byte.QUOTE
    return close - to
  }
}
