import { Reader, type Type, type ValueOf, Writer, findCoordinator, metadata } from '../../src/protocol/index.ts'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Broker, BrokerFault } from '../../src/broker/index.ts'

type AnyType = Type<unknown, never>

interface ProxiedApi {
  readonly key: number
  readonly name: BrokerFault['api']
}

/**
 * What befalls a request on its way.
 * - `loseRequest`: the connection breaks before it arrives.
 * - `loseAnswer`: it is carried out, and the connection breaks instead of the answer.
 * - `hold`: the connection breaks; the request arrives when the test lets it (`release`).
 * - `refuse`: it does not arrive, and is answered with an error.
 */
export type ProxyEffect = 'loseRequest' | 'loseAnswer' | 'hold' | { readonly refuse: number }

interface Fault {
  readonly api: ProxiedApi
  readonly effect: ProxyEffect
  befell: () => void
}

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Stands between a client and any broker, so that the same misfortunes befall both kinds of brokers under test. It
 * answers Metadata and FindCoordinator with addresses of its own.
 */
export class FaultProxy implements AsyncDisposable {
  readonly bootstrapServers: string
  readonly #places: Map<string, Place>
  /** By who is at the other end. */
  readonly #sockets = new Map<Socket, 'client' | 'broker'>()
  readonly #faults: Fault[] = []
  readonly #held: { frame: Buffer; upstream: Address }[] = []
  /** Shapes refusals: an embedded broker that is asked the same and refuses. */
  readonly #refuser: Broker | undefined
  #frozen: 'nothing' | 'answers' | 'everything' = 'nothing'

  /**
   * @param refuser - An embedded broker that several proxies may share, if their clients have different ids; only to
   * refuse by.
   */
  static async start(bootstrapServers: string, refuser?: Broker): Promise<FaultProxy> {
    const [host, port] = bootstrapServers.split(':') as [string, string]
    const proxy = new FaultProxy(refuser)
    const first = await proxy.#placeOf({ host, port: Number(port) })
    return Object.assign(proxy, { bootstrapServers: `127.0.0.1:${first.port}` })
  }

  private constructor(refuser: Broker | undefined) {
    this.bootstrapServers = ''
    this.#places = new Map()
    this.#refuser = refuser
  }

  /** Lets something befall the next request of an API. Resolves when it has. */
  inject(api: ProxiedApi, effect: ProxyEffect): Promise<void> {
    return new Promise((befell) => this.#faults.push({ api, effect, befell }))
  }

  /** Delivers what is held, on connections of its own, and resolves when it has been answered. */
  async release(): Promise<void> {
    for (const { frame, upstream } of this.#held.splice(0)) await exchange(upstream, frame)
  }

  /** Breaks all connections; new ones are accepted. */
  disconnect(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  /** Breaks all connections and refuses new ones, as where brokers are away. */
  async close(): Promise<void> {
    const places = [...this.#places.values()].filter(({ server }) => server.listening)
    for (const { server } of places) server.close()
    this.disconnect()
    await Promise.all(places.map(({ server }) => once(server, 'close')))
  }

  /** Accepts connections again. */
  async open(): Promise<void> {
    for (const { server, port } of this.#places.values()) {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    }
  }

  /** Lets nothing through any more, or no answers, while connections stay and are accepted. */
  freeze(what: 'everything' | 'answers' = 'everything'): void {
    this.#frozen = what
    for (const socket of this.#sockets.keys()) this.#pauseIfFrozen(socket)
  }

  /** Lets through what came meanwhile. */
  thaw(): void {
    this.#frozen = 'nothing'
    for (const socket of this.#sockets.keys()) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOpen = [...this.#places.values()].some(({ server }) => server.listening)
    if (isOpen) await this.close()
  }

  async #placeOf(upstream: Address): Promise<Place> {
    const key = `${upstream.host}:${upstream.port}`
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const server = createServer((client) => this.#accept(client, upstream)).listen(0, '127.0.0.1')
    const place = { server, port: 0 }
    this.#places.set(key, place)
    await once(server, 'listening')
    place.port = (server.address() as AddressInfo).port
    return place
  }

  #accept(client: Socket, address: Address): void {
    const upstream = connect(address.port, address.host)
    const answers: ((frame: Buffer) => void)[] = []
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const [socket, peer] of [
      [client, 'client'],
      [upstream, 'broker'],
    ] as const) {
      this.#sockets.set(socket, peer)
      socket.setNoDelay(true)
      this.#pauseIfFrozen(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    onFrames(upstream, (frame) => answers.shift()!(frame))
    let turn = Promise.resolve()
    onFrames(client, (frame) => {
      const key = frame.readInt16BE(4)
      const fault = this.#befalling(key)
      const effect = fault?.effect
      fault?.befell()
      if (effect === 'loseRequest') return end()
      if (effect === 'hold') {
        this.#held.push({ frame, upstream: address })
        return end()
      }
      const answered =
        typeof effect === 'object'
          ? this.#refusal(fault!.api, effect.refuse, frame)
          : new Promise<Buffer>((resolve) => {
              answers.push(resolve)
              upstream.write(frame)
            })
      // Answers leave in the order of their requests, also where some come from elsewhere.
      turn = turn.then(async () => {
        const answer = await answered
        if (effect === 'loseAnswer') end()
        else client.write(await this.#rewritten(key, frame.readInt16BE(6), answer))
      })
    })
  }

  #pauseIfFrozen(socket: Socket): void {
    const isFrozen =
      this.#frozen === 'everything' || (this.#frozen === 'answers' && this.#sockets.get(socket) === 'broker')
    if (isFrozen) socket.pause()
  }

  #befalling(key: number): Fault | undefined {
    const index = this.#faults.findIndex(({ api }) => api.key === key)
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0]
  }

  async #refusal(api: ProxiedApi, errorCode: number, frame: Buffer): Promise<Buffer> {
    const clientId = frame.toString('utf8', 14, 14 + frame.readInt16BE(12))
    await this.#refuser!.injectFault({ api: api.name, clientId, effect: { kind: 'refuse', errorCode } })
    return exchange(this.#refuser!, frame)
  }

  async #rewritten(key: number, version: number, frame: Buffer): Promise<Buffer> {
    if (key === metadata.key) return this.#readdressed(metadata, version, frame, ({ brokers }) => brokers)
    if (key !== findCoordinator.key) return frame
    return this.#readdressed(findCoordinator, version, frame, ({ coordinators }) => coordinators)
  }

  async #readdressed<Response extends AnyType>(
    api: { readonly flexibleSince: number; readonly response: Response },
    version: number,
    frame: Buffer,
    addressesOf: (response: ValueOf<Response>) => Address[],
  ): Promise<Buffer> {
    const isFlexible = version >= api.flexibleSince
    const reader = new Reader(frame.subarray(8))
    reader.version = version
    reader.flexible = isFlexible
    if (isFlexible) reader.varuint()
    const response = api.response.read(reader) as ValueOf<Response>
    for (const address of addressesOf(response)) {
      if (address.port < 0) continue
      const { port } = await this.#placeOf({ ...address })
      Object.assign(address, { host: '127.0.0.1', port })
    }
    const writer = new Writer(version, isFlexible)
    if (isFlexible) writer.varuint(0)
    api.response.write(writer, response as never)
    const rewritten = Buffer.concat([frame.subarray(0, 8), ...writer.finish()])
    rewritten.writeInt32BE(rewritten.length - 4, 0)
    return rewritten
  }
}

interface Place {
  readonly server: Server
  port: number
}

/** Sends one frame on a connection of its own and returns the answer. */
async function exchange({ host, port }: Address, frame: Buffer): Promise<Buffer> {
  const socket = connect(port, host)
  const answer = new Promise<Buffer>((resolve, reject) => {
    onFrames(socket, resolve)
    socket.on('error', reject)
  })
  socket.write(frame)
  try {
    return await answer
  } finally {
    socket.destroy()
  }
}

/** Cuts what arrives into frames, with their lengths. */
function onFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const frame = Buffer.from(received.subarray(0, 4 + received.readInt32BE(0)))
      received = received.subarray(frame.length)
      onFrame(frame)
    }
  })
}
