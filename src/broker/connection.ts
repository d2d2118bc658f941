import { MalformedMessage, Reader, Writer } from '../protocol/index.ts'
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { Access } from './acl/access.ts'
import type { Answer, RequestContext, ServedApi } from './served-api.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import type { Faults, FaultEffect } from './faults.ts'
import type { ServedRequest } from './served-request.ts'
import { FrameReader } from './frame-reader.ts'
import type { Authentication } from './sasl/authentication.ts'

/** As `socket.request.max.bytes`. */
const requestBytesMax = 100 * 1024 * 1024

const apiVersionsKey = 18

interface ConnectionOptions {
  readonly cluster: Cluster
  readonly node: ClusterNode
  readonly clock: Clock
  readonly apis: readonly ServedApi[]
  readonly authentication: Authentication
  readonly faults: Faults
  readonly onRequest: ((request: ServedRequest) => void) | undefined
}

/**
 * Serves one client. Requests are answered one after the other, in order, as Kafka does; the next is not even read
 * while one is being answered or the client is slow to take its answer, so a connection holds a bounded amount.
 */
export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #frames = new FrameReader(requestBytesMax)
  readonly #closed = new AbortController()
  #isBusy = false
  /** For how long the client is not listened to once it is answered. */
  #throttleMs = 0

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk)
      if (this.#isBusy) socket.pause()
      else this.#serve()
    })
    // A reset by the client is its way to leave; 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed.abort())
  }

  /** Answers what has arrived until there is none left, or one must be waited for. */
  #serve(): void {
    try {
      for (;;) {
        if (this.#throttleMs > 0) return this.#serveAfter(this.#throttled())
        const frame = this.#frames.next()
        if (frame === undefined) break
        const answered = this.#answer(frame)
        if (answered !== undefined) return this.#serveAfter(answered)
        if (this.#socket.writableNeedDrain) return this.#serveAfter(this.#drained())
      }
      this.#socket.resume()
    } catch (error) {
      this.#fail(error)
    }
  }

  #serveAfter(answered: Promise<void>): void {
    this.#isBusy = true
    answered.then(
      () => {
        this.#isBusy = false
        if (!this.#socket.destroyed) this.#serve()
      },
      (error: unknown) => this.#fail(error),
    )
  }

  /** Answers one request; returns a promise when that takes time. */
  #answer(frame: Buffer): Promise<void> | undefined {
    const { authentication } = this.#options
    if (authentication.isBare) return this.#answerBare(frame)
    const reader = new Reader(frame)
    const key = reader.int16()
    const version = reader.int16()
    const correlationId = reader.int32()
    const clientId = reader.string() ?? ''
    const api = this.#options.apis.find((candidate) => candidate.key === key)
    const isServed = api !== undefined && version >= api.versions[0] && version <= api.versions[1]
    if (api === undefined || (!isServed && key !== apiVersionsKey)) {
      throw new MalformedMessage(`API ${key} version ${version} is not served`)
    }
    this.#options.onRequest?.({ api: api.name, version, clientId })
    if (!authentication.permits(key)) throw new MalformedMessage(`API ${key} is not served without authentication`)
    const wireVersion = isServed ? version : 0
    const isFlexible = wireVersion >= api.flexibleSince
    reader.version = wireVersion
    reader.flexible = isFlexible
    if (isFlexible) reader.skipTags()

    const send = (answer: Answer) => {
      if (answer === undefined) return
      const writer = new Writer(wireVersion, isFlexible)
      writer.int32(0)
      writer.int32(correlationId)
      // A client that does not know the version yet must be able to read the header.
      if (isFlexible && key !== apiVersionsKey) writer.varuint(0)
      answer(writer)
      this.#send(writer)
      if (authentication.hasFailed) this.#socket.destroySoon()
    }
    const fault = this.#options.faults.befalling(api.name, clientId)
    if (fault?.kind === 'loseRequest') return this.#lose()
    const context = this.#context(version, clientId)
    if (fault?.kind === 'refuse') return Promise.resolve(api.refuse(reader, context, fault.errorCode)).then(send)
    const answer = api.answer(reader, context)
    if (fault !== undefined) return this.#sendFaultily(fault, answer, send)
    if (answer instanceof Promise) return answer.then(send)
    send(answer)
    return undefined
  }

  /** Ends the connection; what the client still says is not listened to. */
  #lose(): Promise<void> {
    this.#socket.destroy()
    return Promise.resolve()
  }

  async #sendFaultily(
    fault: FaultEffect,
    answer: Answer | Promise<Answer>,
    send: (answer: Answer) => void,
  ): Promise<void> {
    const carriedOut = await answer
    if (fault.kind === 'loseAnswer') return this.#lose()
    if (fault.kind === 'neverAnswer') return
    if (fault.kind === 'delayAnswer') await this.#pause(fault.delayMs)
    send(carriedOut)
    if (fault.kind === 'answerTwice') send(carriedOut)
  }

  #throttled(): Promise<void> {
    const ms = this.#throttleMs
    this.#throttleMs = 0
    return this.#pause(ms)
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#options.clock.setTimer({ afterMs: ms, background: true }, resolve)
    return promise
  }

  /** Answers a message of a SASL mechanism that has no request around it. */
  #answerBare(message: Buffer): undefined {
    const { authentication } = this.#options
    const { authBytes } = authentication.authenticate(message)
    if (authentication.hasFailed) throw new MalformedMessage('the client was refused')
    const writer = new Writer(0, false)
    writer.bytes([authBytes])
    for (const chunk of writer.finish()) this.#socket.write(chunk)
  }

  #context(version: number, clientId: string): RequestContext {
    const { cluster, node, clock, apis, authentication } = this.#options
    const clientHost = this.#socket.remoteAddress ?? ''
    return {
      cluster,
      node,
      clock,
      apis,
      authentication,
      version,
      clientId,
      clientHost,
      access: new Access(cluster.authorizer, { principal: authentication.principal, host: clientHost }),
      throttle: (ms) => (this.#throttleMs = ms),
      closed: this.#closed.signal,
    }
  }

  #send(writer: Writer): void {
    const { sizeBytes } = writer
    const chunks = writer.finish()
    chunks[0]!.writeInt32BE(sizeBytes - 4, 0)
    const socket = this.#socket
    socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    socket.uncork()
  }

  #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const finish = () => {
      this.#socket.off('drain', finish)
      this.#closed.signal.removeEventListener('abort', finish)
      resolve()
    }
    this.#socket.on('drain', finish)
    this.#closed.signal.addEventListener('abort', finish)
    return promise
  }

  #fail(error: unknown): void {
    this.#socket.destroy()
    if (!(error instanceof MalformedMessage)) throw error
  }
}
