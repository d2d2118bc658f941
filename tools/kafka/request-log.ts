import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** One kind of request that a client has sent. */
export interface SentRequest {
  readonly apiKey: number
  readonly version: number
  readonly clientId: string
}

const headerBytes = 14

/** Stands between clients and one broker, and tells of each request that passes. */
export class RequestLog implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #onRequest: (request: SentRequest) => void
  /** Of the broker; connections fail before it is known. */
  upstreamPort = 0

  static async start(onRequest: (request: SentRequest) => void): Promise<RequestLog> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RequestLog(server, onRequest)
  }

  private constructor(server: Server, onRequest: (request: SentRequest) => void) {
    this.#server = server
    this.#onRequest = onRequest
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#accept(client))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const upstream = connect(this.upstreamPort, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    let pending: Buffer = Buffer.alloc(0)
    client.on('data', (chunk) => (pending = this.#read(Buffer.concat([pending, chunk]))))
    client.pipe(upstream)
    upstream.pipe(client)
  }

  /** Tells of the requests that begin in these bytes, and returns those that are left of the last one. */
  #read(bytes: Buffer): Buffer {
    let at = 0
    while (bytes.length - at >= headerBytes) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (bytes.length < end) break
      const idBytes = Math.max(0, bytes.readInt16BE(at + 12))
      const clientId = bytes.toString('utf8', at + headerBytes, at + headerBytes + idBytes)
      this.#onRequest({ apiKey: bytes.readInt16BE(at + 4), version: bytes.readInt16BE(at + 6), clientId })
      at = end
    }
    return bytes.subarray(at)
  }
}
