import { type InputOf, Reader, type Type, type ValueOf, Writer } from '../../src/protocol/index.ts'
import type { Socket } from 'node:net'

type AnyType = Type<unknown, never>

/** A message definition of the embedded broker, which the contract suite holds to what Apache Kafka says. */
export interface PeerApi<Request extends AnyType, Response extends AnyType> {
  readonly key: number
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
}

/** A request as it came over a connection. */
export class PeerRequest {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
  /** After the header; in flexible versions its tags come first. */
  readonly body: Buffer
  readonly #socket: Socket

  constructor(frame: Buffer, socket: Socket) {
    const reader = new Reader(frame)
    this.apiKey = reader.int16()
    this.version = reader.int16()
    this.correlationId = reader.int32()
    this.clientId = reader.string() ?? ''
    this.body = frame.subarray(reader.position)
    this.#socket = socket
  }

  read<Request extends AnyType>(api: PeerApi<Request, AnyType>): ValueOf<Request> {
    const reader = new Reader(this.body)
    reader.version = this.version
    reader.flexible = this.version >= api.flexibleSince
    if (reader.flexible) reader.varuint()
    return api.request.read(reader) as ValueOf<Request>
  }

  answer<Response extends AnyType>(api: PeerApi<AnyType, Response>, response: InputOf<Response>): void {
    void this.send(this.frame(this.encode(api, response)))
  }

  /** A response after its correlation id. */
  encode<Response extends AnyType>(api: PeerApi<AnyType, Response>, response: InputOf<Response>): Buffer {
    const isFlexible = this.version >= api.flexibleSince
    const writer = new Writer(this.version, isFlexible)
    if (isFlexible) writer.varuint(0)
    api.response.write(writer, response as never)
    return Buffer.concat(writer.finish())
  }

  /** A payload with length and correlation id in front. */
  frame(payload: Uint8Array, correlationId = this.correlationId): Buffer {
    const head = Buffer.alloc(8)
    head.writeInt32BE(4 + payload.length, 0)
    head.writeInt32BE(correlationId, 4)
    return Buffer.concat([head, payload])
  }

  /** Sends bytes as they are; resolves when they have left. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  /** Ends the connection in good order. */
  hangUp(): void {
    this.#socket.end()
  }

  /** Breaks the connection. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }
}
