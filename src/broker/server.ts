import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { Connection } from './connection.ts'
import { apis } from './handlers/index.ts'
import { Cluster } from './cluster.ts'

const nodeId = 1

export interface BrokerServerOptions {
  readonly host: string
  readonly port: number
  readonly memoryBytesMax: number
  readonly clock: Clock
  readonly random: Random
}

/** The listening side of the broker: accepts connections and ends them all when it closes. */
export class BrokerServer {
  readonly cluster: Cluster
  readonly #server: Server
  readonly #connections = new Set<Connection>()

  static async listen({ host, port, memoryBytesMax, clock, random }: BrokerServerOptions): Promise<BrokerServer> {
    const server = createServer()
    server.listen(port, host)
    await once(server, 'listening')
    const { port: boundPort } = server.address() as AddressInfo
    const cluster = new Cluster({ node: { id: nodeId, host, port: boundPort }, memoryBytesMax, random, clock })
    return new BrokerServer(server, cluster, clock)
  }

  private constructor(server: Server, cluster: Cluster, clock: Clock) {
    this.cluster = cluster
    this.#server = server
    server.on('connection', (socket) => {
      const connection = new Connection(socket, { cluster, clock, apis })
      this.#connections.add(connection)
      socket.on('close', () => this.#connections.delete(connection))
    })
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.close()
    await closed
  }
}
