import type { Clock } from '../../core/clock.ts'
import { KafkaError, MillraceError } from '../../core/errors.ts'
import { Connection, type ConnectionOptions } from '../network/connection.ts'
import type { Waits } from './broker-waits.ts'
import { addressOf, type Broker } from './broker-address.ts'
import { firstOf } from './first-of.ts'

export interface BrokerConnectionsOptions {
  /** The brokers to begin with. */
  readonly seeds: readonly Broker[]
  /** What all connections have in common. */
  readonly connection: Pick<ConnectionOptions, 'clientId' | 'tls' | 'sasl'>
  readonly clock: Clock
  readonly waits: Waits
  /** Ends all connections, with its reason as the error. */
  readonly signal: AbortSignal
}

/** What connections are for whose broker does not matter, and others that are never held back. */
const anyPurpose = 'admin'

/** How long a broker is waited for before the next one is tried beside it. */
const nextBrokerAfterMs = 1_000

/**
 * The brokers of a cluster, and one connection to each per purpose. Purposes keep apart what must not wait for each
 * other: a fetch that the broker holds back delays every request after it.
 */
export class BrokerConnections {
  readonly #options: BrokerConnectionsOptions
  readonly #brokers = new Map<number, Broker>()
  readonly #connections = new Map<string, Promise<Connection>>()
  /** Which broker is asked first where any will do. */
  #turn = 0
  /** Addresses of brokers that another one has overtaken, until the attempt to connect is over. */
  readonly #silent = new Set<string>()

  constructor(options: BrokerConnectionsOptions) {
    this.#options = options
  }

  /** The brokers that the cluster has told of. */
  get nodeIds(): number[] {
    return [...this.#brokers.keys()]
  }

  /** Learns all brokers anew, from one of them. */
  learn(brokers: readonly { nodeId: number; host: string; port: number }[], advertisedBy: string): void {
    this.#brokers.clear()
    for (const { nodeId, host, port } of brokers) this.#brokers.set(nodeId, { host, port, nodeId, advertisedBy })
  }

  /** The connection to a broker for one purpose; a broken one is replaced. */
  async to(nodeId: number, purpose: string): Promise<Connection> {
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined) {
      throw new KafkaError('KAFKA_UNAVAILABLE', `broker ${nodeId} is not known to the cluster`, { nodeId })
    }
    return this.#connect(broker, purpose)
  }

  /**
   * The connection to a broker that another one has named.
   *
   * @param requestTimeoutMs - Time it has to answer, where the purpose is one that brokers hold back. Default as for
   * `Connection`.
   */
  toPlace(
    broker: { nodeId: number; host: string; port: number },
    purpose: string,
    requestTimeoutMs?: number,
  ): Promise<Connection> {
    const { nodeId, host, port } = broker
    const known = this.#brokers.get(nodeId)
    const place = known?.host === host && known.port === port ? known : { nodeId, host, port }
    this.#brokers.set(nodeId, place)
    return this.#connect(place, purpose, requestTimeoutMs)
  }

  /**
   * A connection to the first broker that takes one and answers. One that does neither holds nobody up: the next is
   * tried after a second.
   *
   * @throws What the last one failed with, or one that will not mend itself.
   */
  toAny(): Promise<Connection> {
    const brokers = this.#candidates()
    const attempts = brokers.map((broker) => () => this.#connect(broker, anyPurpose))
    const onOvertaken = (index: number) => this.#silent.add(addressOf(brokers[index]!))
    return this.#waitFor('finding a broker that answers', () =>
      firstOf(attempts, { clock: this.#options.clock, afterMs: nextBrokerAfterMs, onOvertaken }),
    )
  }

  /** Those that are known, and those to begin with, in turn; those that keep silent come last. */
  #candidates(): Broker[] {
    const brokers = new Map<string, Broker>()
    for (const broker of [...this.#brokers.values(), ...this.#options.seeds]) {
      const address = addressOf(broker)
      if (!brokers.has(address)) brokers.set(address, broker)
    }
    const inTurn = [...brokers.values()]
    inTurn.push(...inTurn.splice(0, this.#turn % inTurn.length))
    const isSilent = (broker: Broker) => Number(this.#silent.has(addressOf(broker)))
    return inTurn.toSorted((a, b) => isSilent(a) - isSilent(b))
  }

  #connect(broker: Broker, purpose: string, requestTimeoutMs?: number): Promise<Connection> {
    this.#options.signal.throwIfAborted()
    const address = addressOf(broker)
    const key = `${purpose} ${address}`
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const connect = () => Connection.connect(this.#connectionOptions(broker, requestTimeoutMs))
    const connecting = purpose === anyPurpose ? connect() : this.#waitFor(`connecting to ${address}`, connect)
    this.#connections.set(key, connecting)
    const forget = () => {
      this.#connections.delete(key)
      // A broker that takes connections but does not answer must not be asked first for ever.
      if (purpose !== anyPurpose) return
      this.#turn++
    }
    connecting.then((connection) => (connection.onClosed = forget), forget).finally(() => this.#silent.delete(address))
    return connecting
  }

  #connectionOptions(
    { host, port, nodeId, advertisedBy }: Broker,
    requestTimeoutMs: number | undefined,
  ): ConnectionOptions {
    const { clock, connection, seeds, signal } = this.#options
    const isSeed = seeds.some((seed) => seed.host === host && seed.port === port)
    return {
      host,
      port,
      asksVersions: true,
      clock,
      signal,
      ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      ...(!isSeed && advertisedBy !== undefined && { advertised: { nodeId: nodeId!, by: advertisedBy } }),
      ...connection,
    }
  }

  async #waitFor<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const wait = this.#options.waits.begin(what)
    try {
      return await work()
    } catch (error) {
      if (MillraceError.is(error)) wait.failed(error)
      throw error
    } finally {
      wait.end()
    }
  }
}
