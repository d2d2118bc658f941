import net from 'node:net'
import tls from 'node:tls'
import {
  type API,
  type Connection as LibraryConnection,
  Reader,
  type ResponseParser,
  type Writer,
} from '@platformatic/kafka'
import { type Clock, systemClock, type Timer } from '../core/clock.ts'
import { KafkaError } from '../core/errors.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { encodeRequestHeader } from './wire.ts'

export interface ConnectionOptions {
  host: string
  port: number
  clientId: string
  /** TLS settings of node:tls; absent means plain text. */
  tls?: tls.ConnectionOptions
  /** @defaultValue 10,000 ms */
  connectTimeoutMs?: number
  /** Time a broker has to answer before the connection is given up. @defaultValue 30,000 ms */
  requestTimeoutMs?: number
  /** Largest response that is read. @defaultValue 128 MiB */
  responseBytesMax?: number
  clock?: Clock
}

/**
 * Receives the response to one request: the bytes from `start` (behind the correlation id) to `end` of `into`. They
 * may be kept only when the request brought its own buffer; else they are overwritten by the next response.
 */
export type ResponseHandler = (error: KafkaError | null, into: ReceiveBuffer, start: number, end: number) => void

interface PendingRequest {
  correlationId: number
  apiKey: number
  deadlineMs: number
  into: ReceiveBuffer | undefined
  onResponse: ResponseHandler
}

/** One system call reads at most this much: a socket that is offered more at once was seen to stall. */
const readBytesMax = 1 << 20
const lengthBytes = 4
const correlationBytes = 4
/** Requests that may wait for their answers. */
const pendingMax = 1024

/**
 * A connection to one broker. Responses are read without copies into preallocated memory: into the request's own buffer
 * where it brings one, else into the connection's. Brokers answer in order, so the oldest request owns the next
 * response.
 *
 * It offers the same `send` as the connection of `@platformatic/kafka`, so that library's API functions work on it
 * (`call`). A failed connection fails every waiting request with `KAFKA_CONNECTION_FAILED` and is not used again.
 */
export class Connection {
  readonly host: string
  readonly port: number
  readonly #clientId: string
  readonly #clock: Clock
  readonly #requestTimeoutMs: number
  readonly #responseBytesMax: number
  readonly #socket: net.Socket
  readonly #pending: PendingRequest[] = []
  readonly #lengthBuffer = Buffer.alloc(lengthBytes)
  #own = new ReceiveBuffer(64 << 10)
  #into: ReceiveBuffer | undefined
  /** Bytes of the length, then of the response, that have arrived. */
  #filled = 0
  #needed = lengthBytes
  #correlationId = 0
  #failure: KafkaError | undefined
  #timeout: Timer | undefined
  /** Called once when the connection has ended, however that came about. */
  onClosed: (error: KafkaError) => void = () => {}

  private constructor(options: ConnectionOptions, onConnected: () => void) {
    this.host = options.host
    this.port = options.port
    this.#clientId = options.clientId
    this.#clock = options.clock ?? systemClock
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000
    this.#responseBytesMax = options.responseBytesMax ?? 128 << 20
    const socketOptions = {
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: { buffer: () => this.#readTarget(), callback: (bytes: number) => this.#onRead(bytes) },
    }
    this.#socket = options.tls
      ? tls.connect({ ...options.tls, ...socketOptions }, onConnected)
      : net.connect(socketOptions, onConnected)
    this.#socket.on('error', (error) => this.#fail('the connection broke', error))
    this.#socket.on('close', () => this.#fail('the connection was closed'))
  }

  /** @throws KafkaError `KAFKA_CONNECTION_FAILED` */
  static connect(options: ConnectionOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const clock = options.clock ?? systemClock
      const connection = new Connection(options, () => {
        timer.cancel()
        connection.onClosed = () => {}
        resolve(connection)
      })
      const timer = clock.setTimer({ afterMs: options.connectTimeoutMs ?? 10_000 }, () =>
        connection.#fail('it did not answer in time'),
      )
      connection.onClosed = (error) => {
        timer.cancel()
        reject(error)
      }
    })
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** Requests that wait for their answers. */
  get pendingCount(): number {
    return this.#pending.length
  }

  /**
   * Sends a request whose body is given as encoded bytes.
   *
   * @param into - Where the response goes; it then belongs to the caller until `onResponse` has been called and after.
   */
  request(
    apiKey: number,
    apiVersion: number,
    body: readonly Uint8Array[],
    into: ReceiveBuffer | undefined,
    onResponse: ResponseHandler,
  ): void {
    if (this.#failure !== undefined || this.#pending.length >= pendingMax) {
      const error = this.#failure ?? this.#error(`more than ${pendingMax} requests wait for their answers`)
      queueMicrotask(() => onResponse(error, this.#own, 0, 0))
      return
    }
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    let bodyBytes = 0
    for (const chunk of body) bodyBytes += chunk.length
    const correlationId = this.#correlationId
    this.#pending.push({
      correlationId,
      apiKey,
      deadlineMs: this.#clock.monotonicMs() + this.#requestTimeoutMs,
      into,
      onResponse,
    })
    this.#armTimeout()
    this.#socket.cork()
    this.#socket.write(encodeRequestHeader({ apiKey, apiVersion, correlationId, clientId: this.#clientId, bodyBytes }))
    for (const chunk of body) this.#socket.write(chunk)
    this.#socket.uncork()
  }

  /** Calls an API function of `@platformatic/kafka` on this connection. */
  call<Arguments extends unknown[], Response>(api: API<Arguments, Response>, ...args: Arguments): Promise<Response> {
    return api.async(this as unknown as LibraryConnection, ...args)
  }

  /** The library's own way to send; `call` ends here. */
  send<Response>(
    apiKey: number,
    apiVersion: number,
    createPayload: () => Writer | Promise<Writer>,
    parse: ResponseParser<Response>,
    hasRequestHeaderTaggedFields: boolean,
    hasResponseHeaderTaggedFields: boolean,
    callback: (error: Error | null, response?: Response) => void,
  ): void {
    const sendPayload = (payload: Writer) => {
      const body = hasRequestHeaderTaggedFields ? [noTaggedFields, payload.buffer] : [payload.buffer]
      this.request(apiKey, apiVersion, body, undefined, (error, into, start, end) => {
        if (error) return callback(error)
        // The library's parsers keep slices, and this buffer is overwritten by the next response.
        const reader = Reader.from(Buffer.from(into.buffer.subarray(start, end)))
        if (hasResponseHeaderTaggedFields) reader.readTaggedFields()
        let response: Response | Promise<Response>
        try {
          response = parse(this.#correlationId, apiKey, apiVersion, reader)
        } catch (cause) {
          return callback(cause as Error)
        }
        Promise.resolve(response).then((value) => callback(null, value), callback)
      })
    }
    Promise.resolve(createPayload()).then(sendPayload, callback)
  }

  /** Ends the connection; waiting requests fail. */
  close(): void {
    this.#fail('the connection was closed by this side')
  }

  #readTarget(): Buffer {
    if (this.#into === undefined) return this.#lengthBuffer.subarray(this.#filled)
    return this.#into.buffer.subarray(this.#filled, Math.min(this.#needed, this.#filled + readBytesMax))
  }

  #onRead(bytes: number): boolean {
    this.#filled += bytes
    if (this.#filled < this.#needed) return true
    if (this.#into === undefined) this.#beginResponse()
    else this.#endResponse()
    return true
  }

  #beginResponse(): void {
    const size = this.#lengthBuffer.readInt32BE(0)
    const request = this.#pending[0]
    if (request === undefined) return this.#fail('the broker sent a response that nobody asked for')
    if (size < correlationBytes || size > this.#responseBytesMax) {
      return this.#fail(
        `the broker announced a response of ${size} bytes; responseBytesMax is ${this.#responseBytesMax}`,
      )
    }
    this.#into = request.into ?? this.#own
    if (this.#into.capacity < size) {
      this.#into = new ReceiveBuffer(size)
      if (request.into === undefined) this.#own = this.#into
    }
    this.#filled = 0
    this.#needed = size
  }

  #endResponse(): void {
    const into = this.#into!
    const end = this.#needed
    const request = this.#pending.shift()!
    const correlationId = into.view.getInt32(0)
    this.#into = undefined
    this.#filled = 0
    this.#needed = lengthBytes
    if (correlationId !== request.correlationId) {
      this.#pending.unshift(request)
      return this.#fail(`the broker answered request ${correlationId} where ${request.correlationId} was next`)
    }
    this.#armTimeout()
    request.onResponse(null, into, correlationBytes, end)
  }

  /** One timer watches the oldest request. */
  #armTimeout(): void {
    const oldest = this.#pending[0]
    if (oldest === undefined) {
      this.#timeout?.cancel()
      this.#timeout = undefined
      return
    }
    if (this.#timeout !== undefined) return
    const afterMs = Math.max(0, oldest.deadlineMs - this.#clock.monotonicMs())
    this.#timeout = this.#clock.setTimer({ afterMs, background: true }, () => {
      this.#timeout = undefined
      const overdue = this.#pending[0]
      if (overdue !== undefined && overdue.deadlineMs <= this.#clock.monotonicMs()) {
        this.#fail(`the broker did not answer within ${this.#requestTimeoutMs} ms`)
      } else this.#armTimeout()
    })
  }

  #fail(what: string, cause?: unknown): void {
    if (this.#failure !== undefined) return
    const error = this.#error(what, cause)
    this.#failure = error
    this.#timeout?.cancel()
    this.#socket.destroy()
    for (const request of this.#pending.splice(0)) request.onResponse(error, this.#own, 0, 0)
    this.onClosed(error)
  }

  #error(what: string, cause?: unknown): KafkaError {
    return new KafkaError(
      'KAFKA_CONNECTION_FAILED',
      `broker ${this.host}:${this.port}: ${what}`,
      { host: this.host, port: this.port },
      cause,
    )
  }
}

const noTaggedFields = Buffer.from([0])
