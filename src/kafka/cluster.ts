import { type API, metadataV12 } from '@platformatic/kafka'
import { type Clock, sleep, systemClock } from '../core/clock.ts'
import { ConfigError, KafkaError } from '../core/errors.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { asKafkaError, brokerErrorName, brokerErrors, isRetryableCode } from './broker-error.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { retryDelayMs, type RetryPolicy, withRetries } from './retry.ts'
import { concealSecrets, refuseUnprotected, type SaslOptions } from './sasl.ts'
import { tlsConnectOptions, type TlsOptions } from './tls.ts'

export interface ClusterOptions {
  /** `host:port`, several separated by commas. */
  bootstrapServers: string
  /** Name that brokers log. @defaultValue `millrace` */
  clientId?: string
  /** `true` trusts the authorities that Node.js comes with. @defaultValue false, which is plain text */
  tls?: TlsOptions | boolean
  /** Who this client is. @defaultValue false, for brokers that do not ask */
  sasl?: SaslOptions | false
  /** How long a request is retried while brokers are away or elect leaders. @defaultValue 120,000 ms */
  retryMs?: number
  clock?: Clock
  random?: Random
}

export interface Topic {
  name: string
  /** UUID in its usual text form. */
  id: string
  partitions: { leader: number; leaderEpoch: number }[]
  /** Of the partition that has the fewest. */
  replicaCount: number
}

type MetadataResponse = ReturnType<typeof metadataV12.parseResponse>

/** What this client may do with a topic. */
export interface TopicPermissions {
  /** Whether there is such a topic; false also where it may not be described. */
  readonly exists: boolean
  /** A set bit for each operation that is allowed, by its number. */
  readonly operations: number
}

/** What connections are for whose broker does not matter, and others that are never held back. */
const anyPurpose = 'admin'

/** How often a new topic is looked for, which is about six seconds. */
const newTopicAttempts = 10

interface Broker {
  host: string
  port: number
}

/**
 * What this process knows of a Kafka cluster: its brokers, and one connection to each per purpose. Purposes keep apart
 * what must not wait for each other: a fetch that the broker holds back delays every request behind it.
 */
export class Cluster {
  readonly clock: Clock
  readonly random: Random
  readonly #clientId: string
  readonly #retryMs: number
  readonly #security: Pick<ConnectionOptions, 'tls' | 'sasl'>
  readonly #seeds: Broker[]
  readonly #brokers = new Map<number, Broker>()
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #closing = new AbortController()
  /** Which broker is asked first where any will do. */
  #turn = 0

  /** @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_SECRET_UNPROTECTED` */
  constructor(options: ClusterOptions) {
    this.#clientId = options.clientId ?? 'millrace'
    this.#retryMs = options.retryMs ?? 120_000
    this.#security = securityOf(options)
    this.#seeds = parseServers(options.bootstrapServers)
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
  }

  get retryPolicy(): Required<RetryPolicy> {
    return {
      clock: this.clock,
      random: this.random,
      deadlineMs: this.#retryMs,
      signal: this.#closing.signal,
    }
  }

  /**
   * Reads topics from the cluster; also learns the brokers anew.
   *
   * @throws KafkaError `KAFKA_TOPIC_MISSING` for one that does not exist, `KAFKA_UNAVAILABLE` while a partition has no leader.
   */
  async topics(names: readonly string[]): Promise<Topic[]> {
    const response = await this.#metadata(names)
    this.#brokers.clear()
    for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port })
    return names.map((name) => {
      const topic = response.topics.find((other) => other.name === name)
      if (topic === undefined || topic.errorCode === brokerErrors.unknownTopicOrPartition) {
        throw new KafkaError('KAFKA_TOPIC_MISSING', `topic "${name}" does not exist; create it, or correct its name`, {
          topic: name,
        })
      }
      const bad = [topic, ...topic.partitions].find(({ errorCode }) => errorCode !== 0)
      if (bad !== undefined) {
        const code = isRetryableCode(bad.errorCode) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED'
        throw new KafkaError(code, `topic "${name}": ${brokerErrorName(bad.errorCode)}`, { topic: name })
      }
      const partitions = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      return {
        name,
        id: topic.topicId,
        partitions: partitions.map(({ leaderId, leaderEpoch }) => ({ leader: leaderId, leaderEpoch })),
        replicaCount: Math.min(...partitions.map(({ replicaNodes }) => replicaNodes.length)),
      }
    })
  }

  /** Reads what this client may do with topics, whether they exist or not. */
  async topicPermissions(names: readonly string[]): Promise<Map<string, TopicPermissions>> {
    const { topics } = await this.#metadata(names, true)
    const described = topics.filter(({ errorCode }) => errorCode !== brokerErrors.topicAuthorizationFailed)
    return new Map(
      names.map((name) => {
        const topic = described.find((other) => other.name === name)
        const exists = topic !== undefined && topic.errorCode !== brokerErrors.unknownTopicOrPartition
        return [name, { exists, operations: topic?.topicAuthorizedOperations ?? 0 }]
      }),
    )
  }

  /** Reads one topic that was just created, again until the broker that is asked has heard of it. */
  async topicWhenReady(name: string): Promise<Topic> {
    for (let attempt = 0; ; attempt++) {
      try {
        const [topic] = await this.topics([name])
        return topic!
      } catch (error) {
        const isNew = error instanceof KafkaError && (error.retryable || error.code === 'KAFKA_TOPIC_MISSING')
        if (!isNew || attempt === newTopicAttempts) throw error
        await sleep(this.clock, retryDelayMs(attempt, this.random), this.#closing.signal)
      }
    }
  }

  /** The connection to a broker for one purpose; a broken one is replaced. */
  async connection(nodeId: number, purpose: string): Promise<Connection> {
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined) {
      throw new KafkaError('KAFKA_UNAVAILABLE', `broker ${nodeId} is not known to the cluster`, { nodeId })
    }
    return this.#connect(broker, purpose)
  }

  /**
   * The connection to a broker that another one has named.
   *
   * @param requestTimeoutMs - Time it has to answer, where the purpose is one that brokers hold back. Default as for `Connection`.
   */
  connectionTo(
    broker: { nodeId: number; host: string; port: number },
    purpose: string,
    requestTimeoutMs?: number,
  ): Promise<Connection> {
    this.#brokers.set(broker.nodeId, { host: broker.host, port: broker.port })
    return this.#connect(broker, purpose, requestTimeoutMs)
  }

  /** A connection to any broker that takes one. */
  async anyConnection(): Promise<Connection> {
    const brokers = [...this.#brokers.values(), ...this.#seeds]
    const turn = this.#turn
    let failure: unknown
    for (let tried = 0; tried < brokers.length; tried++) {
      try {
        return await this.#connect(brokers[(turn + tried) % brokers.length]!, anyPurpose)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** Calls an API function at any broker, again while the error is one that passes. */
  request<Arguments extends unknown[], Response>(
    what: string,
    api: API<Arguments, Response>,
    ...args: Arguments
  ): Promise<Response> {
    return withRetries(this.retryPolicy, () => this.requestOnce(what, api, ...args))
  }

  /** Calls an API function at any broker. */
  async requestOnce<Arguments extends unknown[], Response>(
    what: string,
    api: API<Arguments, Response>,
    ...args: Arguments
  ): Promise<Response> {
    const connection = await this.anyConnection()
    try {
      return await connection.call(api, ...args)
    } catch (error) {
      throw asKafkaError(error, what)
    }
  }

  /** Ends all connections; what waits for one fails. */
  async close(): Promise<void> {
    this.#closing.abort(new KafkaError('KAFKA_CLOSED', 'the client was closed'))
  }

  async #metadata(names: readonly string[], withPermissions = false): Promise<MetadataResponse> {
    const connection = await this.anyConnection()
    try {
      return await connection.call(metadataV12.api, [...names], false, withPermissions)
    } catch (error) {
      // The library rejects as soon as one topic has an error, but says all it was told.
      const response = (error as { response?: MetadataResponse }).response
      if (response === undefined) throw asKafkaError(error, 'reading metadata')
      return response
    }
  }

  #connect({ host, port }: Broker, purpose: string, requestTimeoutMs?: number): Promise<Connection> {
    this.#closing.signal.throwIfAborted()
    const key = `${purpose} ${host}:${port}`
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const { clock } = this
    const { signal } = this.#closing
    const connecting = Connection.connect({
      host,
      port,
      clientId: this.#clientId,
      asksVersions: true,
      clock,
      signal,
      ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      ...this.#security,
    })
    this.#connections.set(key, connecting)
    const forget = () => {
      this.#connections.delete(key)
      // A broker that takes connections but does not answer must not be asked first for ever.
      if (purpose === anyPurpose) this.#turn++
    }
    connecting.then((connection) => (connection.onClosed = forget), forget)
    return connecting
  }
}

/** What every connection needs to be secure, checked before the first is made. */
function securityOf({ tls = false, sasl = false }: ClusterOptions): Pick<ConnectionOptions, 'tls' | 'sasl'> {
  if (sasl) refuseUnprotected(sasl, tls !== false)
  return {
    ...(tls && { tls: tlsConnectOptions(tls === true ? {} : tls) }),
    ...(sasl && { sasl: concealSecrets(sasl) }),
  }
}

function parseServers(bootstrapServers: string): Broker[] {
  return bootstrapServers.split(',').map((server) => {
    const match = /^\s*\[?([^\]\s]+?)\]?:(\d{1,5})\s*$/.exec(server)
    const port = Number(match?.[2])
    if (match === null || port === 0 || port > 65_535) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `bootstrapServers: "${server}" is not host:port`, { value: server })
    }
    return { host: match[1]!, port }
  })
}
