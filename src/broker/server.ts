import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { BrokerAuthorizer } from './acl/authorizer.ts'
import { Cluster, type ClusterNode } from './cluster.ts'
import { Connection } from './connection.ts'
import { Faults } from './faults.ts'
import { apis } from './handlers/index.ts'
import type { GroupConfigName } from './groups/group-config.ts'
import { Authentication } from './sasl/authentication.ts'
import type { SaslSettings } from './sasl/settings.ts'
import type { ServedRequest } from './served-request.ts'
import type { BrokerTls, ServedVersions } from './thread.ts'

const tlsHandshakeMsMax = 10_000

export interface BrokerServerOptions {
  readonly host: string
  /** Of the first broker; the others have the ports after it, or any where it is 0. */
  readonly port: number
  readonly brokerCount: number
  readonly memoryBytesMax: number
  readonly tls: BrokerTls | undefined
  readonly sasl: SaslSettings | undefined
  readonly authorizer: BrokerAuthorizer | undefined
  readonly autoCreateTopics: boolean
  readonly groupConfig: Readonly<Partial<Record<GroupConfigName, number>>>
  /** Versions that are served instead of all that there are. @defaultValue none */
  readonly versions?: ServedVersions
  /** Called with each request, before it is answered. */
  readonly onRequest?: (request: ServedRequest) => void
  readonly clock: Clock
  readonly random: Random
}

/** The listening side of the brokers: accepts connections and ends them all when it closes. */
export class BrokerServer {
  readonly cluster: Cluster
  readonly faults = new Faults()
  readonly #listeners: readonly Server[]
  readonly #sockets = new Set<Socket>()

  static async listen(options: BrokerServerOptions): Promise<BrokerServer> {
    const { host, port, brokerCount, memoryBytesMax, tls, authorizer, autoCreateTopics, groupConfig, clock, random } =
      options
    const listeners: Server[] = []
    const nodes: ClusterNode[] = []
    for (let i = 0; i < brokerCount; i++) {
      const listener = tls === undefined ? createServer() : createTlsServer(tlsServerOptions(tls))
      listener.listen(port === 0 ? 0 : port + i, host)
      await once(listener, 'listening')
      listeners.push(listener)
      nodes.push({ id: i + 1, host, port: (listener.address() as AddressInfo).port })
    }
    const [controller, ...others] = nodes
    const cluster = new Cluster({
      nodes: [controller!, ...others],
      memoryBytesMax,
      authorizer,
      autoCreateTopics,
      groupConfig,
      random,
      clock,
    })
    return new BrokerServer(listeners, cluster, options)
  }

  private constructor(listeners: readonly Server[], cluster: Cluster, options: BrokerServerOptions) {
    const { tls, sasl, clock, random, versions = {}, onRequest } = options
    const served = apis.map((api) => ({ ...api, versions: versions[api.name] ?? api.versions }))
    this.cluster = cluster
    this.#listeners = listeners
    for (const [i, listener] of listeners.entries()) {
      const node = cluster.nodes[i]!
      listener.on('connection', (socket: Socket) => {
        this.#sockets.add(socket)
        socket.on('close', () => this.#sockets.delete(socket))
      })
      listener.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
        const authentication = new Authentication({ sasl, clock, random })
        new Connection(socket, { cluster, node, clock, apis: served, authentication, faults: this.faults, onRequest })
      })
    }
  }

  /** Listens again where it did before it was closed; the cluster has stayed as it was. */
  async reopen(): Promise<void> {
    for (const [i, listener] of this.#listeners.entries()) {
      const { host, port } = this.cluster.nodes[i]!
      const listening = once(listener, 'listening')
      listener.listen(port, host)
      await listening
    }
  }

  async close(): Promise<void> {
    const closed = Promise.all(this.#listeners.map((listener) => once(listener, 'close')))
    for (const listener of this.#listeners) listener.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

function tlsServerOptions({ cert, key, clientCa }: BrokerTls) {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true }
  return { cert, key, ...clients, minVersion: 'TLSv1.2', handshakeTimeout: tlsHandshakeMsMax } as const
}
