import type { Socket } from 'node:net'
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { type Api, decodeResponse, encodeRequest, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import { missingApis, negotiatedVersion, type ServedVersions, servedVersions, versionError } from './api-versions.ts'
import { apis } from './apis.ts'
import { connectionFailed, type Place } from './connection-failure.ts'
import type { Exchange } from './exchange.ts'
import { type PendingRequest, PendingRequests } from './pending-requests.ts'
import type { ReceiveBuffer } from './receive-buffer.ts'
import { ResponseReader } from './response-reader.ts'
import { openSocket } from './socket.ts'
import { refuseUnprotected, type SaslOptions } from '../sasl/options.ts'
import { SaslSession } from '../sasl/session.ts'
import { tlsRefusal } from './tls.ts'
import { currentTap } from './wire-tap.ts'

export interface ConnectionOptions {
  host: string
  port: number
  clientId: string
  /** Of a broker that another one has named: its id, and the address of that one. */
  advertised?: Place['advertised']
  /** TLS settings of node:tls; absent means plain text. */
  tls?: TlsConnectionOptions
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

const correlationBytes = 4
/** Requests that may wait for their answers. */
const pendingMax = 1024
/** SaslHandshake and SaslAuthenticate, the only requests that a broker takes during authentication. */
const saslApiKeys: ReadonlySet<number> = new Set([17, 36])

/**
 * A connection to one broker, which answers in order. Requests go in the latest version that both sides know; while the
 * SASL session is renewed they are held.
 *
 * A failed connection fails every waiting request with `KAFKA_CONNECTION_FAILED` and is not used again; so does
 * one that sends what cannot be read, since nothing after that can be trusted.
 */
export class Connection {
  readonly host: string
  readonly port: number
  readonly #place: Place
  readonly #clientId: string
  readonly #requestTimeoutMs: number
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#end(this.#signal!.reason as MillraceError)
  readonly #reader: ResponseReader
  readonly #socket: Socket
  readonly #session: SaslSession | undefined
  readonly #pending: PendingRequests
  /** Requests that are sent once the session has been renewed. */
  readonly #held: Exchange<Api>[] = []
  #hasAnswered = false
  #failure: MillraceError | undefined
  /** What the broker takes; undefined where nobody has asked. */
  #served: ServedVersions | undefined
  /** Called once when the connection has ended, however that came about, before the waiting requests fail. */
  onClosed: (error: MillraceError) => void = () => {}

  private constructor(options: ConnectionOptions, onConnected: () => void) {
    const {
      host,
      port,
      clientId,
      clock = systemClock,
      requestTimeoutMs = 30_000,
      responseBytesMax = 128 << 20,
    } = options
    this.host = host
    this.port = port
    this.#place = options
    this.#clientId = clientId
    this.#requestTimeoutMs = requestTimeoutMs
    this.#pending = new PendingRequests(clock, () =>
      this.#fail(`the broker did not answer within ${requestTimeoutMs} ms`),
    )
    this.#reader = new ResponseReader({
      bytesMax: responseBytesMax,
      onBegun: () => this.#pending.oldest && { into: this.#pending.oldest.exchange.into },
      onResponse: (filled, sizeBytes, isOwn) => this.#answered(this.#pending.oldest!, filled, sizeBytes, isOwn),
      onBroken: (what) => this.#fail(what),
    })
    this.#socket = openSocket({ host, port, tls: options.tls, reader: this.#reader }, onConnected)
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
        clock,
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
    const tap = currentTap()
    if (tap === undefined) this.#send(exchange as Exchange<Api>)
    else tap.onRequest(exchange, (onSent) => this.#send(exchange as Exchange<Api>, onSent))
  }

  /**
   * The broker throttles: it reads nothing from this connection for so long, in milliseconds, so what was sent already
   * is answered so much later.
   *
   * @see KIP-219
   */
  allow(throttleMs: number): void {
    this.#pending.extend(throttleMs)
  }

  /** Ends the connection; waiting requests fail. */
  close(): void {
    this.#fail('the connection was closed by this side')
  }

  #send(exchange: Exchange<Api>, onSent?: () => void): void {
    if (this.#failure !== undefined || this.#pending.count + this.#held.length >= pendingMax) {
      const error = this.#failure ?? this.#error(`more than ${pendingMax} requests wait for their answers`)
      queueMicrotask(() => exchange.onFailed(error))
      return
    }
    const version =
      this.#served === undefined ? exchange.api.versions[1] : negotiatedVersion(this.#served, exchange.api)
    if (version === undefined) {
      const error = versionError(this, this.#served!, [exchange.api])
      queueMicrotask(() => exchange.onFailed(error))
      return
    }
    if (this.#session?.isRenewing && !saslApiKeys.has(exchange.api.key)) {
      this.#held.push(exchange)
      return
    }
    this.#write(this.#pending.add(exchange, version, this.#requestTimeoutMs), onSent)
  }

  #sendHeld(): void {
    for (const exchange of this.#held.splice(0)) this.#send(exchange)
  }

  #write({ version, correlationId, exchange: { api, request } }: PendingRequest, onSent?: () => void): void {
    const header = { api, version, correlationId, clientId: this.#clientId }
    const chunks = encodeRequest(header, request)
    this.#socket.cork()
    for (const [index, chunk] of chunks.entries())
      this.#socket.write(chunk, index === chunks.length - 1 ? onSent : undefined)
    this.#socket.uncork()
  }

  #answered(pending: PendingRequest, filled: ReceiveBuffer, sizeBytes: number, isOwn: boolean): void {
    const { exchange, version } = pending
    const correlationId = filled.view.getInt32(0)
    if (correlationId !== pending.correlationId) {
      return this.#fail(`the broker answered request ${correlationId} where ${pending.correlationId} was next`)
    }
    currentTap()?.onAnswer(exchange)
    const bytes = filled.buffer.subarray(correlationBytes, sizeBytes)
    let response: unknown
    try {
      // The reader's own memory is overwritten by the next response.
      response = decodeResponse(exchange.api, version, isOwn ? Buffer.from(bytes) : bytes)
    } catch (cause) {
      return this.#fail('the broker sent a response that cannot be read', cause)
    }
    this.#hasAnswered = true
    this.#pending.removeOldest()
    exchange.onResponse(response as never, filled)
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
    this.#session?.end()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#socket.destroy()
    this.#reader.reset()
    this.onClosed(error)
    for (const { exchange } of this.#pending.removeAll()) exchange.onFailed(error)
    for (const exchange of this.#held.splice(0)) exchange.onFailed(error)
  }

  #error(what: string, cause?: unknown): MillraceError {
    return connectionFailed(this.#place, what, cause)
  }
}
