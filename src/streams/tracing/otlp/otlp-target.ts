import type { Agent, IncomingMessage, RequestOptions } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { Clock } from '../../../core/clock.ts'
import { http } from '../../../core/node-http.ts'
import { partialSuccessOf } from './partial-success.ts'
import { field, fieldHead } from './protobuf.ts'
import type { SpanRequest } from './span-queue.ts'

/** What a collector has to answer within, and what of its answer is looked at. */
const answerMs = 10_000
const answerBytesMax = 64 << 10
/** Answers after which the same request may be sent again. */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** What a request has led to. */
export type OtlpAnswer =
  | { readonly kind: 'taken'; readonly rejected?: number; readonly cause?: string }
  | { readonly kind: 'refused'; readonly cause: string }
  /** @param afterMs - When it may be tried again, where the collector says so. */
  | { readonly kind: 'retryable'; readonly cause: string; readonly afterMs?: number | undefined }

export interface OtlpTargetOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly compression: 'none' | 'gzip'
  /** Attributes of the resource, as fields of `Resource`. */
  readonly resource: Uint8Array
  readonly clock: Clock
}

const gzipped = promisify(gzip)

/** A collector that is sent spans over OTLP/HTTP in protobuf. */
export class OtlpTarget {
  readonly #options: OtlpTargetOptions
  readonly #agent: Agent
  readonly #post: typeof http.request
  readonly #place: RequestOptions
  /** How `ResourceSpans` and `ScopeSpans` begin, before the spans. */
  readonly #resource: Buffer
  readonly #scope = field(1, [field(1, 'millrace')])

  constructor(options: OtlpTargetOptions) {
    // Who sends in the clear does not load TLS.
    const { Agent, request } = options.url.protocol === 'https:' ? process.getBuiltinModule('node:https') : http
    this.#options = options
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 })
    this.#place = urlToHttpOptions(options.url)
    this.#post = request
    this.#resource = field(1, options.resource)
  }

  /** Where spans go, without anything secret. */
  get origin(): string {
    return this.#options.url.origin
  }

  async send({ bytes, length }: SpanRequest, signal: AbortSignal): Promise<OtlpAnswer> {
    const spans = bytes.subarray(0, length)
    const scopeSpans = fieldHead(2, this.#scope.length + length)
    const resourceSpans = this.#resource.length + scopeSpans.length + this.#scope.length + length
    const pieces = [fieldHead(1, resourceSpans), this.#resource, scopeSpans, this.#scope]
    const { compression } = this.#options
    const body =
      compression === 'none'
        ? [Buffer.concat(pieces), spans]
        : [await gzipped(Buffer.concat([...pieces, spans]), { level: constants.Z_BEST_SPEED })]
    try {
      return await this.#answerTo(body, signal)
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      return { kind: 'retryable', cause: message || (code ?? String(error)) }
    }
  }

  #answerTo(body: readonly Uint8Array[], signal: AbortSignal): Promise<OtlpAnswer> {
    const { headers, compression, clock } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<OtlpAnswer>()
    const request = this.#post({
      ...this.#place,
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        'user-agent': 'millrace',
        ...headers,
        'content-type': 'application/x-protobuf',
        'content-length': body.reduce((sum, piece) => sum + piece.length, 0),
        ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
      },
    })
    const late = () => request.destroy(new Error(`no answer within ${answerMs / 1_000} s`))
    const timer = clock.setTimer({ afterMs: answerMs, background: true }, late)
    request.on('error', reject)
    request.on('response', (response) => void answerOf(response, clock).then(resolve, reject))
    request.on('close', () => timer.cancel())
    for (const piece of body) request.write(piece)
    request.end()
    return promise
  }
}

async function answerOf(response: IncomingMessage, clock: Clock): Promise<OtlpAnswer> {
  const { statusCode = 0, headers } = response
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (length < answerBytesMax) pieces.push(piece)
    length += piece.length
  }
  if (statusCode >= 200 && statusCode < 300) return { kind: 'taken', ...partialSuccessOf(Buffer.concat(pieces)) }
  const cause = `the collector has answered with status ${statusCode}`
  if (!retryableStatuses.has(statusCode)) return { kind: 'refused', cause }
  return { kind: 'retryable', cause, afterMs: retryAfterMs(headers['retry-after'], clock) }
}

/** In seconds, or as a date. */
function retryAfterMs(text: string | undefined, clock: Clock): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.nowMs()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
