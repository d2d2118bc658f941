import { putVarint, varintBytes } from './protobuf.ts'

/** Bytes of spans that may wait to be sent, and of those that one request has; a larger span goes alone. */
export const queueBytesMax = 32 << 20
const requestBytes = 1 << 20
/** Memory that is kept for further requests. */
const sparesMax = 2
/** `ScopeSpans.spans` */
const SPANS = 0x12

/** Spans as the last field of `ScopeSpans`, repeated. */
export interface SpanRequest {
  readonly bytes: Uint8Array
  length: number
  count: number
}

/** Spans that wait to be sent, in requests. */
export class SpanQueue {
  readonly #full: SpanRequest[] = []
  readonly #spares: Uint8Array[] = []
  #filling: SpanRequest | undefined
  #bytes = 0

  /** Of all spans that were not sent yet. */
  get bytes(): number {
    return this.#bytes
  }

  get hasFull(): boolean {
    return this.#full.length > 0
  }

  /** Copies a span in two pieces; returns whether there was room. */
  add(bytes: Uint8Array, start: number, end: number, last: Uint8Array): boolean {
    const length = end - start + last.length
    const needed = 1 + varintBytes(length) + length
    if (this.#bytes + needed > queueBytesMax) return false
    const request = this.#withRoom(needed)
    const to = request.bytes
    let at = request.length
    to[at] = SPANS
    at = putVarint(to, at + 1, length)
    to.set(bytes.subarray(start, end), at)
    to.set(last, at + end - start)
    request.length = at + length
    request.count++
    this.#bytes += needed
    return true
  }

  /** The next request, which may not be full; undefined where there is none. To be given back by `done`. */
  take(): SpanRequest | undefined {
    const request = this.#full.shift() ?? this.#filling
    if (request === this.#filling) this.#filling = undefined
    return request
  }

  /** A request needs its memory no more. */
  done({ bytes, length }: SpanRequest): void {
    this.#bytes -= length
    if (this.#spares.length < sparesMax && bytes.length === requestBytes) this.#spares.push(bytes)
  }

  #withRoom(needed: number): SpanRequest {
    const { bytes, length } = this.#filling ?? {}
    if (bytes !== undefined && length! + needed <= bytes.length) return this.#filling!
    if (this.#filling !== undefined) this.#full.push(this.#filling)
    const fresh = needed > requestBytes ? new Uint8Array(needed) : (this.#spares.pop() ?? new Uint8Array(requestBytes))
    this.#filling = { bytes: fresh, length: 0, count: 0 }
    return this.#filling
  }
}
