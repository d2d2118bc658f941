import net from 'node:net'
import tls from 'node:tls'
import { type Clock, systemClock, type Timer } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { type Api, decodeResponse, encodeRequest, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import { missingApis, negotiatedVersion, type ServedVersions, servedVersions, versionError } from './api-versions.ts'
import { apis } from './apis.ts'
import { connectionFailed, type Place } from './connection-failure.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { refuseUnprotected, type SaslOptions } from '../sasl/options.ts'
import { SaslSession } from '../sasl/session.ts'
import { tlsRefusal } from './tls.ts'

export interface ConnectionOptions {
  host: string
  port: number
  clientId: string
  /** Of a broker that another one has named: its id, and the address of that one. */
  advertised?: Place['advertised']
  /** TLS settings of node:tls; absent means plain text. */
  tls?: tls.ConnectionOptions
  /** Who this client is; absent where the broker does not ask. */
  sasl?: SaslOptions
  /** Asks the broker which versions it takes, and sends it nothing else. @defaultValue false */
  asksVersions?: boolean
  /** Time to connect, and to be told the versions where they are asked for. @defaultValue 10,000 ms */
  connectTimeoutMs?: number
  /** Time a broker has to answer before the connection is given up. @defaultValue 30,000 ms */
  requestTimeoutMs?: number
  /** Largest response that is read. @defaultValue 128 MiB */
  responseBytesMax?: number
  /** Ends the connection, also while it is being made, with its reason as the error. */
  signal?: AbortSignal
  clock?: Clock
}

/** A request and what becomes of its response. */
export interface Exchange<A extends Api> {
  readonly api: A
  readonly request: RequestInputOf<A>
  /** Where the response goes unless it is larger; absent, into memory of its own. */
  readonly into?: ReceiveBuffer
  /** @param filled - Where the response lies, and with it what its byte strings are views of. */
  onResponse(response: ResponseOf<A>, filled: ReceiveBuffer): void
  onFailed(error: MillraceError): void
}

interface PendingRequest {
  correlationId: number
  version: number
  deadlineMs: number
  exchange: Exchange<Api>
}

/** One system call reads at most this much: a socket that is offered more at once was seen to stall. */
const readBytesMax = 1 << 20
const lengthBytes = 4
const correlationBytes = 4
/** Requests that may wait for their answers. */
const pendingMax = 1024
/** SaslHandshake and SaslAuthenticate, the only requests that a broker takes during authentication. */
const saslApiKeys: ReadonlySet<number> = new Set([17, 36])

/**
 * A connection to one broker. Responses are read without copies into preallocated memory: into the request's own buffer
 * where it brings one, else into the connection's. Brokers answer in order, so the oldest request owns the next
 * response.
 *
 * A failed connection fails every waiting request with `KAFKA_CONNECTION_FAILED` and is not used again; so does
 * one that sends what cannot be read, since nothing after that can be trusted.
 */
export class Connection {
  readonly host: string
  readonly port: number
  readonly #place: Place
  readonly #clientId: string
  readonly #clock: Clock
  readonly #requestTimeoutMs: number
  readonly #responseBytesMax: number
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#end(this.#signal!.reason as MillraceError)
  readonly #socket: net.Socket
  readonly #session: SaslSession | undefined
  readonly #pending: PendingRequest[] = []
  /** Requests that are sent once the session has been renewed. */
  readonly #held: Exchange<Api>[] = []
  readonly #lengthBuffer = Buffer.alloc(lengthBytes)
  #own = new ReceiveBuffer(64 << 10)
  #into: ReceiveBuffer | undefined
  /** Bytes of the length, then of the response, that have arrived. */
  #filled = 0
  #needed = lengthBytes
  #correlationId = 0
  #hasAnswered = false
  #failure: MillraceError | undefined
  /** What the broker takes; undefined where nobody has asked. */
  #served: ServedVersions | undefined
  #timeout: Timer | undefined
  /** Called once when the connection has ended, however that came about, before the waiting requests fail. */
  onClosed: (error: MillraceError) => void = () => {}

  private constructor(options: ConnectionOptions, onConnected: () => void) {
    this.host = options.host
    this.port = options.port
    this.#place = options
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
      ? // Brokers behind a proxy are told apart by the name that is asked for, which TLS does not send for an address.
        tls.connect(
          { ...(net.isIP(options.host) === 0 && { servername: options.host }), ...options.tls, ...socketOptions },
          onConnected,
        )
      : net.connect(socketOptions, onConnected)
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort)
    this.#socket.on('error', (error) => {
      const refusal = options.tls && tlsRefusal(error, this.#place)
      this.#end(refusal ?? this.#error('the connection failed', error))
    })
    this.#socket.on('close', () => this.#fail(this.#closedText()))
    this.#session =
      options.sasl &&
      new SaslSession({
        peer: this,
        sasl: options.sasl,
        clock: this.#clock,
        onRenewed: () => this.#sendHeld(),
        onFailed: (error) => this.#end(error),
      })
  }

  /**
   * @throws KafkaError `KAFKA_CONNECTION_FAILED`, `KAFKA_TLS_FAILED`, `KAFKA_AUTHENTICATION_FAILED`,
   * `KAFKA_VERSION_UNSUPPORTED`
   * @throws ConfigError `CONFIG_SECRET_UNPROTECTED`
   */
  static async connect(options: ConnectionOptions): Promise<Connection> {
    if (options.sasl) refuseUnprotected(options.sasl, options.tls !== undefined)
    const connection = await Connection.#open(options)
    await connection.#session?.begin()
    return connection
  }

  static #open(options: ConnectionOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { clock = systemClock, connectTimeoutMs = 10_000 } = options
      const connected = () => {
        timer.cancel()
        connection.onClosed = () => {}
        resolve(connection)
      }
      const connection = new Connection(options, () => {
        if (options.asksVersions === true) connection.#askVersions(connected)
        else connected()
      })
      const timer = clock.setTimer({ afterMs: connectTimeoutMs }, () =>
        connection.#fail(`the connection was not made within ${connectTimeoutMs} ms`),
      )
      connection.onClosed = (error) => {
        timer.cancel()
        reject(error)
      }
    })
  }

  /** Learns what the broker takes; ends the connection where that is not enough. */
  #askVersions(onEnough: () => void): void {
    this.request({
      api: apis.versions,
      request: {},
      onResponse: (response) => {
        const served = servedVersions(response)
        const missing = missingApis(served)
        if (missing.length > 0) return this.#end(versionError(this, served, missing))
        this.#served = served
        onEnough()
      },
      onFailed() {},
    })
  }

  /** Asks, and resolves with the answer whatever it says; rejects when there is none. */
  ask<A extends Api>(api: A, request: RequestInputOf<A>): Promise<ResponseOf<A>> {
    return new Promise((onResponse, onFailed) => this.request({ api, request, onResponse, onFailed }))
  }

  /**
   * Sends a request, in the latest version that both sides know. Either `onResponse` or `onFailed` is called, once, and
   * never before this returns.
   */
  request<A extends Api>(exchange: Exchange<A>): void {
    const { api } = exchange
    if (this.#failure !== undefined || this.#pending.length + this.#held.length >= pendingMax) {
      const error = this.#failure ?? this.#error(`more than ${pendingMax} requests wait for their answers`)
      queueMicrotask(() => exchange.onFailed(error))
      return
    }
    const version = this.#served === undefined ? api.versions[1] : negotiatedVersion(this.#served, api)
    if (version === undefined) {
      const error = versionError(this, this.#served!, [api])
      queueMicrotask(() => exchange.onFailed(error))
      return
    }
    if (this.#session?.isRenewing && !saslApiKeys.has(api.key)) {
      this.#held.push(exchange as Exchange<Api>)
      return
    }
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    const correlationId = this.#correlationId
    const deadlineMs = this.#clock.monotonicMs() + this.#requestTimeoutMs
    this.#pending.push({ correlationId, version, deadlineMs, exchange: exchange as Exchange<Api> })
    this.#armTimeout()
    this.#socket.cork()
    const header = { api, version, correlationId, clientId: this.#clientId }
    for (const chunk of encodeRequest(header, exchange.request)) this.#socket.write(chunk)
    this.#socket.uncork()
  }

  /**
   * The broker throttles: it reads nothing from this connection for so long, in milliseconds, so what was sent already
   * is answered so much later.
   *
   * @see KIP-219
   */
  allow(throttleMs: number): void {
    for (const request of this.#pending) request.deadlineMs += throttleMs
  }

  /** Ends the connection; waiting requests fail. */
  close(): void {
    this.#fail('the connection was closed by this side')
  }

  #sendHeld(): void {
    for (const exchange of this.#held.splice(0)) this.request(exchange)
  }

  #readTarget(): Buffer {
    if (this.#into === undefined) return this.#lengthBuffer.subarray(this.#filled)
    return this.#into.buffer.subarray(this.#filled, Math.min(this.#needed, this.#filled + readBytesMax))
  }

  #onRead(bytes: number): boolean {
    this.#filled += bytes
    if (this.#filled < this.#needed) return true
    if (this.#into === undefined) this.#beginResponse()
    else this.#endResponse(this.#into)
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
    const { into } = request.exchange
    this.#into = into ?? this.#own
    if (this.#into.capacity < size) {
      this.#into = new ReceiveBuffer(size)
      if (into === undefined) this.#own = this.#into
    }
    this.#filled = 0
    this.#needed = size
  }

  #endResponse(filled: ReceiveBuffer): void {
    const request = this.#pending[0]!
    const correlationId = filled.view.getInt32(0)
    if (correlationId !== request.correlationId) {
      return this.#fail(`the broker answered request ${correlationId} where ${request.correlationId} was next`)
    }
    const { exchange, version } = request
    const bytes = filled.buffer.subarray(correlationBytes, this.#needed)
    let response: unknown
    try {
      // The connection's own memory is overwritten by the next response.
      response = decodeResponse(exchange.api, version, filled === this.#own ? Buffer.from(bytes) : bytes)
    } catch (cause) {
      return this.#fail('the broker sent a response that cannot be read', cause)
    }
    this.#hasAnswered = true
    this.#pending.shift()
    this.#expectLength()
    this.#armTimeout()
    exchange.onResponse(response as never, filled)
  }

  #expectLength(): void {
    this.#into = undefined
    this.#filled = 0
    this.#needed = lengthBytes
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

  /** Listeners that want TLS or a SASL handshake end what begins otherwise, and say nothing. */
  #closedText(): string {
    const hint = this.#hasAnswered ? '' : ' before the first answer: does this listener want TLS or SASL?'
    return `the broker closed the connection${hint}`
  }

  #fail(what: string, cause?: unknown): void {
    this.#end(this.#error(what, cause))
  }

  #end(error: MillraceError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#timeout?.cancel()
    this.#session?.end()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#socket.destroy()
    // A read that is still under way must not end up in memory that goes back to its owner.
    this.#expectLength()
    this.onClosed(error)
    for (const { exchange } of this.#pending.splice(0)) exchange.onFailed(error)
    for (const exchange of this.#held.splice(0)) exchange.onFailed(error)
  }

  #error(what: string, cause?: unknown): MillraceError {
    return connectionFailed(this.#place, what, cause)
  }
}
