import { type Clock, sleep, systemClock, type Timer } from '../../core/clock.ts'
import { ConfigError, MillraceError, KafkaError } from '../../core/errors.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import {
  type Api,
  errorCode,
  errorName,
  type metadata,
  type RequestInputOf,
  type ResponseOf,
} from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import { accepted, refusal } from './broker-error.ts'
import { meaningOf, passes } from './error-meaning.ts'
import { untoldWaits, type Waits } from './broker-waits.ts'
import { Connection, type ConnectionOptions } from '../network/connection.ts'
import { retryDelayMs, type RetryPolicy, withRetries } from './retry.ts'
import { concealSecrets, refuseUnprotected, type SaslOptions } from '../sasl/options.ts'
import { tlsConnectOptions, type TlsOptions } from '../network/tls.ts'
import { topicIdText } from './topic-id.ts'

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

export interface Topic {
  name: string
  /** UUID in its usual text form. */
  id: string
  partitions: { leader: number; leaderEpoch: number }[]
  /** Of the partition that has the fewest. */
  replicaCount: number
}

type MetadataResponse = ResponseOf<typeof metadata>

/** What this client may do with a topic. */
export interface TopicPermissions {
  /** Whether there is such a topic; false also where it may not be described. */
  readonly exists: boolean
  /** A set bit for each operation that is allowed, by its number. */
  readonly operations: number
}

/** What connections are for whose broker does not matter, and others that are never held back. */
const anyPurpose = 'admin'

const readingMetadata = 'reading metadata'

/** How long a broker is waited for before the next one is tried beside it. */
const nextBrokerAfterMs = 1_000

/** How often a new topic is looked for, which is about six seconds. */
const newTopicAttempts = 10

interface Broker {
  readonly host: string
  readonly port: number
  /** Of one that another has named, as is `advertisedBy`. */
  readonly nodeId?: number
  /** Address of the broker that has named it. */
  readonly advertisedBy?: string
}

/**
 * What this process knows of a Kafka cluster: its brokers, and one connection to each per purpose. Purposes keep apart
 * what must not wait for each other: a fetch that the broker holds back delays every request after it.
 */
export class Cluster {
  readonly clock: Clock
  readonly random: Random
  readonly waits: Waits
  readonly #clientId: string
  readonly #retryMs: number
  readonly #security: Pick<ConnectionOptions, 'tls' | 'sasl'>
  readonly #seeds: Broker[]
  readonly #brokers = new Map<number, Broker>()
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #closing = new AbortController()
  /** Which broker is asked first where any will do. */
  #turn = 0
  /** Addresses of brokers that another one has overtaken, until the attempt to connect is over. */
  readonly #silent = new Set<string>()

  /** @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_SECRET_UNPROTECTED` */
  constructor(options: ClusterOptions) {
    this.#clientId = options.clientId ?? 'millrace'
    this.#retryMs = options.retryMs ?? Infinity
    this.waits = options.waits ?? untoldWaits
    this.#security = securityOf(options)
    this.#seeds = parseServers(options.bootstrapServers)
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
  }

  /** The brokers that the cluster has told of. */
  get nodeIds(): number[] {
    return [...this.#brokers.keys()]
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
    const response = await this.#metadata(names)
    this.#brokers.clear()
    for (const { nodeId, host, port } of response.brokers)
      this.#brokers.set(nodeId, { host, port, nodeId, advertisedBy: response.answeredBy })
    return names.map((name) => {
      const topic = response.topics.find((other) => other.name === name)
      if (topic === undefined || topic.errorCode === errorCode.unknownTopicOrPartition) {
        throw new KafkaError('KAFKA_TOPIC_MISSING', `topic "${name}" does not exist; create it, or correct its name`, {
          topic: name,
        })
      }
      const bad = [topic, ...topic.partitions].find((each) => each.errorCode !== errorCode.none)
      if (bad !== undefined) {
        const code = passes(meaningOf(bad.errorCode)) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_REFUSED'
        throw new KafkaError(code, `topic "${name}": ${errorName(bad.errorCode)}`, { topic: name })
      }
      const partitions = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      return {
        name,
        id: topicIdText(topic.topicId),
        partitions: partitions.map(({ leaderId, leaderEpoch }) => ({ leader: leaderId, leaderEpoch })),
        replicaCount: Math.min(...partitions.map(({ replicaNodes }) => replicaNodes.length)),
      }
    })
  }

  /** Reads what this client may do with topics, whether they exist or not. */
  async topicPermissions(names: readonly string[]): Promise<Map<string, TopicPermissions>> {
    const { topics } = await withRetries(this.retryPolicy, readingMetadata, () => this.#metadata(names, true))
    const described = topics.filter((topic) => topic.errorCode !== errorCode.topicAuthorizationFailed)
    return new Map(
      names.map((name) => {
        const topic = described.find((other) => other.name === name)
        const exists = topic !== undefined && topic.errorCode !== errorCode.unknownTopicOrPartition
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
        const isNew = error instanceof KafkaError && error.code === 'KAFKA_TOPIC_MISSING'
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
   * @param requestTimeoutMs - Time it has to answer, where the purpose is one that brokers hold back. Default as for
   * `Connection`.
   */
  connectionTo(
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
  anyConnection(): Promise<Connection> {
    const brokers = this.#candidates()
    const attempts = brokers.map((broker) => () => this.#connect(broker, anyPurpose))
    const onOvertaken = (index: number) => this.#silent.add(addressOf(brokers[index]!))
    return this.#waitFor('finding a broker that answers', () =>
      firstOf(attempts, { clock: this.clock, afterMs: nextBrokerAfterMs, onOvertaken }),
    )
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

  /** Those that are known, and those to begin with, in turn; those that keep silent come last. */
  #candidates(): Broker[] {
    const brokers = new Map<string, Broker>()
    for (const broker of [...this.#brokers.values(), ...this.#seeds]) {
      const address = addressOf(broker)
      if (!brokers.has(address)) brokers.set(address, broker)
    }
    const inTurn = [...brokers.values()]
    inTurn.push(...inTurn.splice(0, this.#turn % inTurn.length))
    const isSilent = (broker: Broker) => Number(this.#silent.has(addressOf(broker)))
    return inTurn.toSorted((a, b) => isSilent(a) - isSilent(b))
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

  #connect(broker: Broker, purpose: string, requestTimeoutMs?: number): Promise<Connection> {
    this.#closing.signal.throwIfAborted()
    const { host, port, nodeId, advertisedBy } = broker
    const key = `${purpose} ${host}:${port}`
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const { clock } = this
    const { signal } = this.#closing
    const isSeed = this.#seeds.some((seed) => addressOf(seed) === addressOf(broker))
    const options: ConnectionOptions = {
      host,
      port,
      clientId: this.#clientId,
      asksVersions: true,
      clock,
      signal,
      ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      ...(!isSeed && advertisedBy !== undefined && { advertised: { nodeId: nodeId!, by: advertisedBy } }),
      ...this.#security,
    }
    const what = `connecting to ${addressOf(broker)}`
    const connecting =
      purpose === anyPurpose ? Connection.connect(options) : this.#waitFor(what, () => Connection.connect(options))
    this.#connections.set(key, connecting)
    const forget = () => {
      this.#connections.delete(key)
      // A broker that takes connections but does not answer must not be asked first for ever.
      if (purpose !== anyPurpose) return
      this.#turn++
    }
    connecting
      .then((connection) => (connection.onClosed = forget), forget)
      .finally(() => this.#silent.delete(addressOf(broker)))
    return connecting
  }

  async #waitFor<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const wait = this.waits.begin(what)
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

/**
 * What the first attempt resolves to that succeeds. The next one is made when the last fails, or after so long beside
 * it.
 *
 * @param onOvertaken - Called with the index of each that was made before and is neither.
 */
function firstOf<Result>(
  attempts: (() => Promise<Result>)[],
  { clock, afterMs, onOvertaken }: { clock: Clock; afterMs: number; onOvertaken: (index: number) => void },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const underWay = new Set<number>()
    let made = 0
    let timer: Timer | undefined
    const failures: unknown[] = []
    const failed = (index: number, error: unknown) => {
      underWay.delete(index)
      failures.push(error)
      if (failures.length === attempts.length) reject(failures.find(isFinal) ?? error)
      else if (made < attempts.length) next()
    }
    const succeeded = (index: number, result: Result) => {
      timer?.cancel()
      made = attempts.length
      resolve(result)
      for (const other of underWay) if (other < index) onOvertaken(other)
      underWay.clear()
    }
    const next = () => {
      timer?.cancel()
      const index = made++
      underWay.add(index)
      if (made < attempts.length) timer = clock.setTimer({ afterMs, background: true }, next)
      attempts[index]!().then(
        (result) => succeeded(index, result),
        (error: unknown) => failed(index, error),
      )
    }
    next()
  })
}

function isFinal(error: unknown): boolean {
  return MillraceError.is(error) && !error.retryable
}

function addressOf({ host, port }: { host: string; port: number }): string {
  return `${host}:${port}`
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
  const servers = bootstrapServers.split(',').map((server) => server.trim())
  // A list that is put together often ends with the separator.
  if (servers.length > 1 && servers.at(-1) === '') servers.pop()
  return servers.map((server) => {
    const match = /^\[?([^\]\s]+?)\]?:(\d{1,5})$/.exec(server)
    const port = Number(match?.[2])
    const [, protocol, rest] = /^(\w+):\/\/(.*)$/.exec(server) ?? []
    if (protocol !== undefined) throw notAnAddress(server, hasProtocol(protocol, rest!))
    if (match === null || port === 0 || port > 65_535) throw notAnAddress(server, 'is not host:port')
    return { host: match[1]!, port }
  })
}

/** Brokers write their listeners in this way. */
function hasProtocol(protocol: string, address: string): string {
  const security = /SSL/i.test(protocol) ? 'TLS is asked for by tls' : 'what is in front says nothing to clients'
  const sasl = /SASL/i.test(protocol) ? ', who this client is by sasl' : ''
  return `names a protocol as the settings of brokers do; give "${address}", ${security}${sasl}`
}

function notAnAddress(server: string, why: string): ConfigError {
  return new ConfigError('CONFIG_INVALID_VALUE', `bootstrapServers: "${server}" ${why}`, { value: server })
}
