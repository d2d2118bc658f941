import { assert } from '../core/assert.ts'
import { carriedSpanBytesMax } from './constants/span.ts'
import type { CarryingPart } from './pending-row.ts'
import {
  newMemory,
  type WasmGlobal,
  wasmInstance,
  type WasmMemory,
  type WasmModule,
  wasmModule,
  wasmPageBytes,
} from './wasm-module.ts'

/** What `assembly/spans.ts` exports. */
interface SpanExports {
  readonly heapBase: () => number
  readonly begin: (template: number, length: number, at: number, nowMs: number, high: number, low: number) => number
  readonly addPart: (
    template: number,
    partition: number,
    offset: number,
    timestampMs: number,
    isLinked: number,
  ) => number
  readonly finish: (event: number, length: number, timeAt: number) => number
  readonly carried: WasmGlobal
}

/** What is written besides templates and states, generously, and what copies write after their end. */
const spanSlackBytes = 128

/** An event, but for its time, which is at a place in it. */
export interface EventTemplate {
  readonly bytes: Uint8Array
  readonly timeAt: number
}

/** What is the same of parts in their events and links, but for ids, flags and times. */
export interface PartTemplate {
  /** Of a part whose link says where its record is, and of one without a link. */
  readonly event: EventTemplate
  readonly placedEvent: EventTemplate
  /** Without its head and its state. */
  readonly link: Uint8Array
  /** Where the digits of the partition end, and where the offset begins, counted from the end of what has them. */
  readonly digitsFromEnd: number
  readonly offsetFromEnd: number
}

/** A template that was laid down: its address and its bytes. */
export interface Placed {
  readonly at: number
  readonly length: number
}

/** Only who exports spans loads it. */
let module: WasmModule | undefined

/**
 * Writes spans of merges in the protobuf of OTLP, one at a time: `begin`, `addPart` for each part, `finish`. WebAssembly
 * does it, because most programs write too few of them for JavaScript to be compiled well.
 *
 * State: the templates that were laid down, and the span that is written.
 */
export class SpanWriter {
  readonly #run: SpanExports
  readonly #memory: WasmMemory
  readonly #carriedAt: number
  #bytes: Uint8Array
  /** Where templates end, and the span begins; and where that has come to. */
  #end: number
  #at = 0

  constructor() {
    this.#memory = newMemory(2 * wasmPageBytes)
    this.#run = wasmInstance<SpanExports>((module ??= wasmModule('spans')), {}, this.#memory)
    this.#bytes = new Uint8Array(this.#memory.buffer)
    this.#end = this.#run.heapBase()
    this.#carriedAt = this.#run.carried.value
  }

  /** Lays a template down. Not while a span is written. */
  place(bytes: Uint8Array): Placed {
    const at = (this.#end + 15) & ~15
    this.#end = at + bytes.length
    this.#reserve(0)
    this.#bytes.set(bytes, at)
    return { at, length: bytes.length }
  }

  /** The same for a part. */
  placePart({ event, placedEvent, link, digitsFromEnd, offsetFromEnd }: PartTemplate): Placed {
    const words = Uint32Array.of(
      event.bytes.length,
      event.timeAt,
      placedEvent.bytes.length,
      placedEvent.timeAt,
      link.length,
      digitsFromEnd,
      offsetFromEnd,
    )
    return this.place(Buffer.concat([new Uint8Array(words.buffer), event.bytes, placedEvent.bytes, link]))
  }

  /**
   * Begins the span of a merge.
   *
   * @param carried - Of the part in whose trace it goes on.
   * @param high - Half of its id, as `low` is the other half.
   */
  begin({ at, length }: Placed, carried: Uint8Array, nowMs: number, high: number, low: number): void {
    this.#reserve(length + carried.length)
    this.#carry(carried)
    this.#at = this.#run.begin(at, length, this.#end, nowMs, high, low)
  }

  /**
   * Adds a part of it.
   *
   * @param partition - By its number in its topic.
   * @param carried - What the part carries, where its trace is followed.
   */
  addPart({ at, length }: Placed, partition: number, part: CarryingPart, carried: Uint8Array | undefined): void {
    this.#reserve(this.#at - this.#end + length + (carried?.length ?? 0))
    if (carried !== undefined) this.#carry(carried)
    this.#at = this.#run.addPart(at, partition, part.offset, part.timestamp, Number(carried !== undefined))
  }

  /** Ends it with an event; returns its bytes, which are valid until the next one begins. */
  finish({ at, length }: Placed, timeAt: number): Uint8Array {
    this.#reserve(this.#at - this.#end + length)
    return this.#bytes.subarray(this.#end, this.#run.finish(at, length, timeAt))
  }

  #carry(carried: Uint8Array): void {
    assert(carried.length <= carriedSpanBytesMax, 'a part carries two headers of 512 bytes at most')
    this.#bytes.set(carried, this.#carriedAt)
  }

  /** Makes room for so many bytes from where the span begins, and some more. */
  #reserve(byteCount: number): void {
    const missing = this.#end + byteCount + spanSlackBytes - this.#bytes.length
    if (missing <= 0) return
    this.#memory.grow(Math.ceil(missing / wasmPageBytes))
    this.#bytes = new Uint8Array(this.#memory.buffer)
  }
}
