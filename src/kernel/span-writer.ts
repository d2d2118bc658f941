import { assert } from '../core/assert.ts'
import { lastBytesMax, partTemplateWords } from './constants/span.ts'
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
  readonly seed: (high: number, low: number) => void
  readonly write: (from: number, until: number, publishedMs: number, to: number, limit: number) => number
  readonly spanTemplates: WasmGlobal
  readonly mergedEvent: WasmGlobal
  readonly mergedEventBytes: WasmGlobal
  readonly mergedTimeAt: WasmGlobal
  readonly last: WasmGlobal
  readonly lastBytes: WasmGlobal
  readonly written: WasmGlobal
  readonly writtenCount: WasmGlobal
  readonly needed: WasmGlobal
}

/**
 * All memory to begin with, which the system gives when it is touched: on Node 24 each growth makes the garbage collector
 * run (findings/wasm-memory-growth.sh).
 */
const firstBytes = 4 << 20
/** Memory for merges, and for spans, to begin with: both grow where one needs more. */
const mergesBytes = 32 << 10
const spansBytes = 256 << 10
/** What copies read and write after their end. */
const slackBytes = 16

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

/** What is the same of spans. */
export interface SpanTemplates {
  /** But for ids, time and the number of parts, with which it ends: of as many as one, two and three bytes tell. */
  readonly spans: readonly [Uint8Array, Uint8Array, Uint8Array]
  readonly mergedEvent: EventTemplate
  /** The number of a source partition in its topic. */
  partitionOf(number: number): number
  /** The same object for all kinds of parts that have the same template. @param offsetBytes - Bytes of the offset as a varint. */
  partOf(number: number, side: number, offsetBytes: number): PartTemplate
}

/** Where bytes lie, and how many there may be. */
interface Region {
  readonly at: number
  readonly bytes: number
}

/** Only who exports spans loads it. */
let module: WasmModule | undefined

/**
 * Writes spans of merges in the protobuf of OTLP, as fields of `ScopeSpans`, by WebAssembly: most programs write too few
 * of them for JavaScript to be compiled well.
 *
 * State: the templates that were asked for, and spans that have not been handed over.
 *
 * Cost per span: two copies of some hundred bytes a part; JavaScript has to do with many of them at once.
 */
export class SpanWriter {
  readonly #run: SpanExports
  readonly #memory: WasmMemory
  readonly #templates: SpanTemplates
  readonly #handOver: (spans: Uint8Array, count: number) => void
  readonly #placed = new Map<PartTemplate, number>()
  #bytes: Uint8Array
  /** Where the memory that is used ends. */
  #end: number
  #merges: Region
  #spans: Region
  /** Of the spans that have not been handed over. */
  #length = 0
  #count = 0

  /**
   * @param seed - Two numbers that ids follow from.
   * @param handOver - Is given spans, which are valid until it returns.
   */
  constructor(
    templates: SpanTemplates,
    [high, low]: readonly [number, number],
    handOver: (spans: Uint8Array, count: number) => void,
  ) {
    this.#templates = templates
    this.#handOver = handOver
    this.#memory = newMemory(firstBytes)
    this.#bytes = new Uint8Array(this.#memory.buffer)
    this.#run = wasmInstance<SpanExports>(
      (module ??= wasmModule('spans')),
      {
        partitionOf: (number: number) => templates.partitionOf(number),
        templateOf: (number: number, side: number, offsetBytes: number) => this.#templateOf(number, side, offsetBytes),
      },
      this.#memory,
    )
    const run = this.#run
    this.#end = run.heapBase()
    this.#merges = this.#take(mergesBytes)
    this.#spans = this.#take(spansBytes)
    run.seed(high, low)
    const words = Uint32Array.from(templates.spans.flatMap((span) => [this.#place(span), span.length]))
    this.#bytes.set(new Uint8Array(words.buffer), run.spanTemplates.value)
    const { bytes, timeAt } = templates.mergedEvent
    run.mergedEvent.value = this.#place(bytes)
    run.mergedEventBytes.value = bytes.length
    run.mergedTimeAt.value = timeAt
  }

  /** Sets the fields that end each span from now on. */
  endSpansWith(last: Uint8Array): void {
    assert(last.length <= lastBytesMax, `the last fields of a span have ${lastBytesMax} bytes at most`)
    this.#bytes.set(last, this.#run.last.value)
    this.#run.lastBytes.value = last.length
  }

  /** Writes the spans of merges, as the table tells of them, that were published at one time. */
  write(merges: Uint8Array, publishedMs: number): void {
    if (merges.length > this.#merges.bytes) this.#merges = this.#take(2 * merges.length)
    this.#bytes.set(merges, this.#merges.at)
    const run = this.#run
    const until = this.#merges.at + merges.length
    for (let from = this.#merges.at; from < until;) {
      const { at, bytes } = this.#spans
      from = run.write(from, until, publishedMs, at + this.#length, at + bytes)
      this.#length = run.written.value - at
      this.#count += run.writtenCount.value
      if (from === until) break
      this.handOver()
      if (run.needed.value > bytes) this.#spans = this.#take(2 * run.needed.value)
    }
  }

  /** Hands over what has been written. */
  handOver(): void {
    if (this.#count === 0) return
    const { at } = this.#spans
    this.#handOver(this.#bytes.subarray(at, at + this.#length), this.#count)
    this.#length = this.#count = 0
  }

  #templateOf(number: number, side: number, offsetBytes: number): number {
    const template = this.#templates.partOf(number, side, offsetBytes)
    const known = this.#placed.get(template)
    if (known !== undefined) return known
    const { event, placedEvent, link, digitsFromEnd, offsetFromEnd } = template
    const words = new Uint32Array(partTemplateWords)
    words.set([event.bytes.length, event.timeAt, placedEvent.bytes.length, placedEvent.timeAt, link.length])
    words.set([digitsFromEnd, offsetFromEnd], 5)
    const at = this.#place(Buffer.concat([new Uint8Array(words.buffer), event.bytes, placedEvent.bytes, link]))
    this.#placed.set(template, at)
    return at
  }

  /** Lays bytes down for good; returns their address. */
  #place(bytes: Uint8Array): number {
    const { at } = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
    return at
  }

  /** Memory that nothing else is in. */
  #take(bytes: number): Region {
    const at = (this.#end + 15) & ~15
    this.#end = at + bytes + slackBytes
    const missing = this.#end - this.#bytes.length
    if (missing > 0) {
      this.#memory.grow(Math.ceil(Math.max(missing, this.#bytes.length) / wasmPageBytes))
      this.#bytes = new Uint8Array(this.#memory.buffer)
    }
    return { at, bytes }
  }
}
