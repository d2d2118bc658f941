/** Bytes of spans that may wait to be sent, and of those that one request has; what is larger goes alone. */
export const queueBytesMax = 32 << 20
const requestBytes = 1 << 20
/** Memory that is kept for further requests. */
const sparesMax = 2

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

  /** Copies spans, so many of them; returns whether there was room. */
  add(spans: Uint8Array, count: number): boolean {
    if (this.#bytes + spans.length > queueBytesMax) return false
    const request = this.#withRoom(spans.length)
    request.bytes.set(spans, request.length)
    request.length += spans.length
    request.count += count
    this.#bytes += spans.length
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
