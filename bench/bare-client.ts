import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const receivedBytesMax = 16 * 1024 * 1024
const readBytesMax = 1024 * 1024

/** A connection that reads into one piece of memory; an answer is valid until the next is asked for. */
export class BareClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #received = Buffer.alloc(receivedBytesMax)
  #start = 0
  #end = 0
  #arrived = Promise.withResolvers<void>()

  static async connect({ host, port }: { host: string; port: number }): Promise<BareClient> {
    const client = new BareClient(host, port)
    await once(client.#socket, 'connect')
    return client
  }

  private constructor(host: string, port: number) {
    this.#socket = connect({
      host,
      port,
      onread: {
        buffer: Buffer.alloc(readBytesMax),
        callback: (bytes, chunk) => {
          this.#received.set(chunk.subarray(0, bytes), this.#end)
          this.#end += bytes
          this.#arrived.resolve()
          return true
        },
      },
    })
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  /** The next answer, without its length. */
  async answer(): Promise<Buffer> {
    if (this.#start === this.#end) this.#start = this.#end = 0
    await this.#has(4)
    const bytes = this.#received.readInt32BE(this.#start)
    await this.#has(4 + bytes)
    const body = this.#received.subarray(this.#start + 4, this.#start + 4 + bytes)
    this.#start += 4 + bytes
    return body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }

  async #has(bytes: number): Promise<void> {
    while (this.#end - this.#start < bytes) {
      this.#arrived = Promise.withResolvers()
      await this.#arrived.promise
    }
  }
}
