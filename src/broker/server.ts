import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import { Faults } from './faults.ts'
import { apis } from './handlers/index.ts'
import { Authentication } from './sasl/authentication.ts'
import type { SaslSettings } from './sasl/settings.ts'
import type { BrokerTls } from './thread.ts'

const nodeId = 1

const tlsHandshakeMsMax = 10_000

export interface BrokerServerOptions {
  readonly host: string
  readonly port: number
  readonly memoryBytesMax: number
  readonly tls: BrokerTls | undefined
  readonly sasl: SaslSettings | undefined
  readonly clock: Clock
  readonly random: Random
}

/** The listening side of the broker: accepts connections and ends them all when it closes. */
export class BrokerServer {
  readonly cluster: Cluster
  readonly faults = new Faults()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async listen(options: BrokerServerOptions): Promise<BrokerServer> {
    const { host, port, memoryBytesMax, tls, clock, random } = options
    const server = tls === undefined ? createServer() : createTlsServer(tlsServerOptions(tls))
    server.listen(port, host)
    await once(server, 'listening')
    const { port: boundPort } = server.address() as AddressInfo
    const cluster = new Cluster({ node: { id: nodeId, host, port: boundPort }, memoryBytesMax, random, clock })
    return new BrokerServer(server, cluster, options)
  }

  private constructor(server: Server, cluster: Cluster, { tls, sasl, clock, random }: BrokerServerOptions) {
    this.cluster = cluster
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      const authentication = new Authentication({ sasl, clock, random })
      new Connection(socket, { cluster, clock, apis, authentication, faults: this.faults })
    })
  }

  /** Listens again where it did before it was closed; the cluster has stayed as it was. */
  async reopen(): Promise<void> {
    const { host, port } = this.cluster.node
    const listening = once(this.#server, 'listening')
    this.#server.listen(port, host)
    await listening
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

function tlsServerOptions({ cert, key, clientCa }: BrokerTls) {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true }
  return { cert, key, ...clients, minVersion: 'TLSv1.2', handshakeTimeout: tlsHandshakeMsMax } as const
}
