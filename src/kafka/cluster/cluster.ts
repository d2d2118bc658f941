import { type Clock, sleep, systemClock } from '../../core/clock.ts'
import { KafkaError } from '../../core/errors.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import { type Api, errorCode, type metadata, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import { addressOf, parseServers } from './broker-address.ts'
import { BrokerConnections } from './broker-connections.ts'
import { accepted, refusal } from './broker-error.ts'
import { untoldWaits, type Waits } from './broker-waits.ts'
import type { Connection, ConnectionOptions } from '../network/connection.ts'
import { retryDelayMs, type RetryPolicy, withRetries } from './retry.ts'
import { concealSecrets, refuseUnprotected, type SaslOptions } from '../sasl/options.ts'
import { tlsConnectOptions, type TlsOptions } from '../network/tls.ts'
import { permissionsOf, refuseMissing, type Topic, topicOf, type TopicPermissions } from './topic.ts'

export interface ClusterOptions {
  /** `host:port`, several separated by commas. */
  bootstrapServers: string
  /** Name that brokers log. @defaultValue `millrace` */
  clientId?: string
  /** `true` trusts the authorities that Node.js comes with. @defaultValue false, which is plain text */
  tls?: TlsOptions | boolean
  /** Who this client is. @defaultValue false, for brokers that do not ask */
  sasl?: SaslOptions | false
  /**
   * How long a request is retried while brokers are away or elect leaders, in milliseconds. @defaultValue without a
   * bound
   */
  retryMs?: number
  /** Is told what is waited for meanwhile. */
  waits?: Waits
  clock?: Clock
  random?: Random
}

type MetadataResponse = ResponseOf<typeof metadata>

const readingMetadata = 'reading metadata'

/** How long a new topic is looked for: as long as a broker has to create it. */
const newTopicMs = 30_000

/** A Kafka cluster as this process knows it: its brokers, its topics, and how long requests to it are repeated. */
export class Cluster {
  readonly clock: Clock
  readonly random: Random
  readonly waits: Waits
  readonly #retryMs: number
  readonly #connections: BrokerConnections
  readonly #closing = new AbortController()

  /** @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_SECRET_UNPROTECTED` */
  constructor(options: ClusterOptions) {
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
    this.waits = options.waits ?? untoldWaits
    this.#retryMs = options.retryMs ?? Infinity
    const security = securityOf(options)
    this.#connections = new BrokerConnections({
      seeds: parseServers(options.bootstrapServers),
      connection: { clientId: options.clientId ?? 'millrace', ...security },
      clock: this.clock,
      waits: this.waits,
      signal: this.#closing.signal,
    })
  }

  /** The brokers that the cluster has told of. */
  get nodeIds(): number[] {
    return this.#connections.nodeIds
  }

  get retryPolicy(): Required<RetryPolicy> {
    return {
      clock: this.clock,
      random: this.random,
      deadlineMs: this.#retryMs,
      signal: this.#closing.signal,
      waits: this.waits,
    }
  }

  /**
   * Reads topics from the cluster, again while the error is one that passes; also learns the brokers anew.
   *
   * @throws KafkaError `KAFKA_TOPIC_MISSING` for one that does not exist.
   */
  topics(names: readonly string[]): Promise<Topic[]> {
    return withRetries(this.retryPolicy, readingMetadata, () => this.topicsOnce(names))
  }

  /**
   * Reads topics from the cluster; also learns the brokers anew.
   *
   * @throws KafkaError `KAFKA_TOPIC_MISSING` for one that does not exist, `KAFKA_UNAVAILABLE` while a partition has no
   * leader.
   */
  async topicsOnce(names: readonly string[]): Promise<Topic[]> {
    const { brokers, topics, answeredBy } = await this.#metadata(names)
    this.#connections.learn(brokers, answeredBy)
    refuseMissing(names, topics)
    return names.map((name) => topicOf(name, topics.find(isNamed(name))))
  }

  /** Reads what this client may do with topics, whether they exist or not. */
  async topicPermissions(names: readonly string[]): Promise<Map<string, TopicPermissions>> {
    const { topics } = await withRetries(this.retryPolicy, readingMetadata, () => this.#metadata(names, true))
    return new Map(names.map((name) => [name, permissionsOf(topics.find(isNamed(name)))]))
  }

  /**
   * Reads one topic that was just created, or given partitions, again until the broker that is asked has heard of it,
   * for 30 s at most.
   */
  async topicWhenReady(name: string, partitionCount = 1): Promise<Topic> {
    const endMs = this.clock.monotonicMs() + newTopicMs
    for (let attempt = 0; ; attempt++) {
      const isLast = this.clock.monotonicMs() >= endMs
      try {
        const [topic] = await this.topics([name])
        if (topic!.partitions.length >= partitionCount || isLast) return topic!
      } catch (error) {
        const isNew = error instanceof KafkaError && error.code === 'KAFKA_TOPIC_MISSING'
        if (!isNew || isLast) throw error
      }
      await sleep(this.clock, retryDelayMs(attempt, this.random), this.#closing.signal)
    }
  }

  /** The connection to a broker for one purpose; a broken one is replaced. */
  connection(nodeId: number, purpose: string): Promise<Connection> {
    return this.#connections.to(nodeId, purpose)
  }

  /**
   * The connection to a broker that another one has named.
   *
   * @param requestTimeoutMs - Time it has to answer, where the purpose is one that brokers hold back. Default as for
   * `Connection`.
   */
  connectionTo(
    broker: { nodeId: number; host: string; port: number },
    purpose: string,
    requestTimeoutMs?: number,
  ): Promise<Connection> {
    return this.#connections.toPlace(broker, purpose, requestTimeoutMs)
  }

  /**
   * A connection to the first broker that takes one and answers. One that does neither holds nobody up: the next is
   * tried after a second.
   *
   * @throws What the last one failed with, or one that will not mend itself.
   */
  anyConnection(): Promise<Connection> {
    return this.#connections.toAny()
  }

  /** Asks any broker, again while the error is one that passes. What it refuses is raised. */
  ask<A extends Api>(what: string, api: A, request: RequestInputOf<A>): Promise<ResponseOf<A>> {
    return withRetries(this.retryPolicy, what, () => this.askOnce(what, api, request))
  }

  /** Asks any broker. What it refuses is raised. */
  async askOnce<A extends Api>(what: string, api: A, request: RequestInputOf<A>): Promise<ResponseOf<A>> {
    const connection = await this.anyConnection()
    return accepted(await connection.ask(api, request), what)
  }

  /** Ends all connections; requests that wait for one fail. */
  async close(): Promise<void> {
    this.#closing.abort(new KafkaError('KAFKA_CLOSED', 'the client was closed'))
  }

  async #metadata(
    names: readonly string[],
    withPermissions = false,
  ): Promise<MetadataResponse & { answeredBy: string }> {
    const connection = await this.anyConnection()
    const answeredBy = addressOf(connection)
    const response = await connection.ask(apis.metadata, {
      topics: names.map((name) => ({ name })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: withPermissions,
    })
    // Those of topics are judged by whoever asks for them.
    if (response.errorCode !== errorCode.none) throw refusal(response.errorCode, readingMetadata)
    return { ...response, answeredBy }
  }
}

function isNamed(name: string): (topic: { name: string | null }) => boolean {
  return (topic) => topic.name === name
}

/** What every connection needs to be secure, checked before the first is made. */
function securityOf({ tls = false, sasl = false }: ClusterOptions): Pick<ConnectionOptions, 'tls' | 'sasl'> {
  if (sasl) refuseUnprotected(sasl, tls !== false)
  return {
    ...(tls && { tls: tlsConnectOptions(tls === true ? {} : tls) }),
    ...(sasl && { sasl: concealSecrets(sasl) }),
  }
}
