import { type InputOf, Reader, type Type, type ValueOf, Writer } from '../../src/protocol/index.ts'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

type AnyType = Type<unknown, never>

interface WireApi<Request extends AnyType, Response extends AnyType> {
  readonly name: string
  readonly key: number
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
}

/** Told of each request that was understood, and whose answer was. */
type OnAnswered = (exchanged: { api: string; version: number }) => void

const apiVersionsKey = 18

/**
 * One connection that speaks the broker's own message definitions. What those say is proved by Apache Kafka, which has
 * to understand every request of the suite and to be understood in every answer.
 */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #clientId: string
  readonly #onAnswered: OnAnswered
  readonly #answers = new Map<number, PromiseWithResolvers<Buffer>>()
  readonly #closed: Promise<unknown>
  #received: Buffer = Buffer.alloc(0)
  #correlationId = 0
  /** Of an exchange without headers. */
  #token: PromiseWithResolvers<Buffer> | undefined

  static async connect(
    bootstrapServers: string,
    clientId = 'contract',
    onAnswered: OnAnswered = () => {},
  ): Promise<WireClient> {
    const [host, port] = bootstrapServers.split(':') as [string, string]
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    return new WireClient(socket, clientId, onAnswered)
  }

  private constructor(socket: Socket, clientId: string, onAnswered: OnAnswered) {
    this.#socket = socket
    this.#clientId = clientId
    this.#onAnswered = onAnswered
    this.#closed = once(socket, 'close')
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      const closed = new Error('the broker closed the connection')
      this.#token?.reject(closed)
      for (const { reject } of this.#answers.values()) reject(closed)
    })
  }

  /** Resolves when the broker has closed the connection. */
  async closed(): Promise<void> {
    await this.#closed
  }

  async call<Request extends AnyType, Response extends AnyType>(
    api: WireApi<Request, Response>,
    version: number,
    request: InputOf<Request>,
    answerVersion = version,
  ): Promise<ValueOf<Response>> {
    const isFlexible = version >= api.flexibleSince
    const answer = await this.#exchange(api.key, version, isFlexible, (writer) =>
      api.request.write(writer, request as never),
    )
    const reader = new Reader(answer)
    reader.version = answerVersion
    reader.flexible = answerVersion >= api.flexibleSince
    reader.int32()
    if (reader.flexible && api.key !== apiVersionsKey) reader.varuint()
    const response = api.response.read(reader) as ValueOf<Response>
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes of the answer of API ${api.key} are left over`)
    if (answerVersion === version) this.#onAnswered({ api: api.name, version })
    return response
  }

  /** Sends a request that nobody answers. */
  send<Request extends AnyType>(api: WireApi<Request, AnyType>, version: number, request: InputOf<Request>): void {
    this.#socket.write(
      this.#frame(api.key, version, version >= api.flexibleSince, (writer) =>
        api.request.write(writer, request as never),
      ),
    )
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Exchanges a token of SASL as it is, without headers, as brokers want it after a handshake of version 0. */
  exchangeToken(token: Buffer): Promise<Buffer> {
    const size = Buffer.alloc(4)
    size.writeInt32BE(token.length)
    this.#token = Promise.withResolvers()
    this.#socket.write(Buffer.concat([size, token]))
    return this.#token.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.#closed
  }

  #exchange(key: number, version: number, isFlexible: boolean, body: (writer: Writer) => void): Promise<Buffer> {
    const frame = this.#frame(key, version, isFlexible, body)
    const answer = Promise.withResolvers<Buffer>()
    this.#answers.set(this.#correlationId, answer)
    this.#socket.write(frame)
    return answer.promise
  }

  #frame(key: number, version: number, isFlexible: boolean, body: (writer: Writer) => void): Buffer {
    const header = new Writer(1, false)
    header.int32(0)
    header.int16(key)
    header.int16(version)
    header.int32(++this.#correlationId)
    header.string(this.#clientId)
    if (isFlexible) header.int8(0)
    const writer = new Writer(version, isFlexible)
    body(writer)
    const frame = Buffer.concat([...header.finish(), ...writer.finish()])
    frame.writeInt32BE(frame.length - 4, 0)
    return frame
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      if (this.#token !== undefined) {
        this.#token.resolve(frame)
        this.#token = undefined
        continue
      }
      const correlationId = frame.readInt32BE(0)
      this.#answers.get(correlationId)?.resolve(frame)
      this.#answers.delete(correlationId)
    }
  }
}
