import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { assert } from '../core/assert.ts'
import { moduleUrl } from '../core/code-root.ts'
import { KafkaError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { threadFlags } from '../core/thread-flags.ts'
import type { BrokerAuthorizer } from './acl/authorizer.ts'
import type { BrokerFault } from './faults.ts'
import type { ApiName } from './handlers/index.ts'
import type { GroupConfigName } from './groups/group-config.ts'
import type { ServedRequest } from './served-request.ts'
import { type BrokerSasl, saslSettings } from './sasl/settings.ts'
import type {
  BrokerTls,
  BrokerTopic,
  Call,
  CoordinatorMove,
  Failure,
  LeaderMove,
  Reply,
  WorkerOptions,
} from './thread.ts'

/** What the embedded broker is, and what it asks of its clients. */
export interface BrokerOptions {
  /** 0 picks a free one. @defaultValue 0 */
  readonly port?: number
  /** Where the broker listens, and the name it gives clients for itself. @defaultValue `127.0.0.1` */
  readonly host?: string
  /**
   * How many brokers the cluster has. They share one log, so this replicates nothing, but leaders and coordinators can
   * move. The first listens on `port`, the others on the ports after it, or on any where it is 0.
   * @defaultValue 1
   */
  readonly brokers?: number
  /** Created before the broker is handed out. @defaultValue none */
  readonly topics?: readonly BrokerTopic[]
  /**
   * Bytes that the logs of all topics may take together. A batch beyond them is refused with POLICY_VIOLATION.
   * @defaultValue 4 GiB
   */
  readonly memoryBytesMax?: number
  /** Makes the listener speak TLS. @defaultValue plain text */
  readonly tls?: BrokerTls
  /** Makes clients prove who they are. @defaultValue they need not */
  readonly sasl?: BrokerSasl
  /** Lets clients do only what ACLs allow them. @defaultValue everybody may do everything */
  readonly authorizer?: BrokerAuthorizer
  /**
   * As `auto.create.topics.enable`: whether a topic comes to be, with one partition, when a client asks for it.
   * @defaultValue false
   */
  readonly autoCreateTopics?: boolean
  /**
   * What groups of KIP-848 and KIP-1071 have that have no setting of their own, by Kafka's names, times in milliseconds:
   * how often members are to be heard, for how long they may be silent, how soon after one assignment the next may be
   * made. They may be less than Kafka allows, so that tests need not wait.
   * @defaultValue Kafka's: 5,000, 45,000 and 1,000 of these
   */
  readonly groupConfig?: Readonly<Partial<Record<GroupConfigName, number>>>
  /**
   * The first and the last version of some APIs, as an older broker has them, which are then all that is claimed and
   * served; of those that the broker has anyway. @defaultValue all of them
   */
  readonly versions?: Partial<Record<ApiName, readonly [first: number, last: number]>>
  /** Called with each request, some time after it came. */
  readonly onRequest?: (request: ServedRequest) => void
}

/** A running broker. Disposing of it stops it. */
export interface Broker extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `host:port` of the first broker, as clients want it. */
  readonly bootstrapServers: string
  /** @throws KafkaError `BROKER_TOPIC_REFUSED` when the name, the number of partitions or a setting is not valid. */
  createTopic(topic: BrokerTopic): Promise<void>
  /**
   * Compacts logs and deletes records that are too old or too many, by their topics' settings, without waiting for the
   * interval.
   *
   * @param topic - Its logs alone. @defaultValue those of all topics
   */
  cleanLogs(topic?: string): Promise<void>
  /**
   * Lets something go wrong with the next requests that a fault is made for, so that a client shows what it does then.
   */
  injectFault(fault: BrokerFault): Promise<void>
  /**
   * Makes another broker the leader of a partition; the old one refuses it from then on.
   *
   * @throws KafkaError `BROKER_MOVE_REFUSED` when there is no such partition or broker.
   */
  moveLeader(move: LeaderMove): Promise<void>
  /**
   * Makes another broker the coordinator of a group or of a transactional id.
   *
   * @throws KafkaError `BROKER_MOVE_REFUSED` when there is no such broker.
   */
  moveCoordinator(move: CoordinatorMove): Promise<void>
  /**
   * Moves the broker's time ahead: sessions, transactions and waits that are over by then end at once.
   *
   * @param ms - Milliseconds, 0 or more.
   */
  advanceClock(ms: number): Promise<void>
  /**
   * Ends all connections and takes no more, like a broker that has crashed; it keeps what it knows, and its time goes
   * on.
   */
  suspend(): Promise<void>
  /**
   * Serves again after `suspend`, at the same port.
   *
   * @throws KafkaError `BROKER_LISTEN_FAILED` when the port has been taken meanwhile.
   */
  resume(): Promise<void>
  /** Closes all connections and forgets everything. Stopping twice does nothing. */
  stop(): Promise<void>
}

const memoryBytesMaxDefault = 4 * 1024 ** 3

/**
 * Starts a Kafka broker inside this process: in a thread of its own, on a loopback port, over the real wire protocol.
 * It keeps everything in memory and forgets it when it stops.
 *
 * @example
 * ```ts
 * await using broker = await startBroker({ topics: [{ name: 'orders', partitions: 3 }] })
 * const kafka = new Kafka({ brokers: [broker.bootstrapServers] })
 * ```
 *
 * @throws KafkaError `BROKER_LISTEN_FAILED` when the port is taken, `BROKER_TOPIC_REFUSED` for a topic that is not
 * valid.
 */
export async function startBroker({
  port = 0,
  brokers = 1,
  host = '127.0.0.1',
  topics = [],
  memoryBytesMax = memoryBytesMaxDefault,
  tls,
  sasl,
  authorizer,
  autoCreateTopics = false,
  groupConfig = {},
  versions = {},
  onRequest,
}: BrokerOptions = {}): Promise<Broker> {
  const options: WorkerOptions = {
    host,
    port,
    brokerCount: brokers,
    memoryBytesMax,
    tls,
    sasl: sasl && saslSettings(sasl, systemRandom),
    authorizer,
    autoCreateTopics,
    groupConfig,
    versions,
    tellsRequests: onRequest !== undefined,
  }
  const thread = await BrokerThread.start(options, onRequest)
  const broker: Broker = {
    host,
    port: thread.port,
    bootstrapServers: `${host}:${thread.port}`,
    createTopic: (topic) => thread.call({ method: 'createTopic', topic }),
    cleanLogs: (topic) => thread.call({ method: 'cleanLogs', topic }),
    injectFault: (fault) => thread.call({ method: 'injectFault', fault }),
    moveLeader: (move) => thread.call({ method: 'moveLeader', move }),
    moveCoordinator: (move) => thread.call({ method: 'moveCoordinator', move }),
    advanceClock: (ms) => thread.call({ method: 'jump', ms }),
    suspend: () => thread.call({ method: 'suspend' }),
    resume: () => thread.call({ method: 'resume' }),
    stop: () => thread.stop(),
    [Symbol.asyncDispose]: () => thread.stop(),
  }
  try {
    for (const topic of topics) await broker.createTopic(topic)
  } catch (error) {
    await broker.stop()
    throw error
  }
  return broker
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

class BrokerThread {
  readonly port: number
  readonly #worker: Worker
  readonly #calls = new Map<number, PromiseWithResolvers<void>>()
  readonly #onRequest: BrokerOptions['onRequest']
  #nextCallId = 0
  #stopped: Promise<void> | undefined

  static async start(options: WorkerOptions, onRequest: BrokerOptions['onRequest']): Promise<BrokerThread> {
    const entry = moduleUrl('broker/worker-entry')
    const worker = new Worker(entry, { workerData: options, name: 'millrace-broker', ...threadFlags })
    const [reply] = (await once(worker, 'message')) as [Reply]
    if (reply.kind === 'listening') return new BrokerThread(worker, reply.port, onRequest)
    await worker.terminate()
    throw reply.kind === 'failed' ? errorOf(reply.failure) : new Error(`a broker begins with ${reply.kind}`)
  }

  private constructor(worker: Worker, port: number, onRequest: BrokerOptions['onRequest']) {
    this.port = port
    this.#onRequest = onRequest
    this.#worker = worker
    worker.on('message', (reply: Reply) => this.#settle(reply))
  }

  call(call: WithoutId<Call>): Promise<void> {
    assert(this.#stopped === undefined, 'a broker that stops takes no more calls')
    const id = this.#nextCallId++
    const settled = Promise.withResolvers<void>()
    this.#calls.set(id, settled)
    this.#worker.postMessage({ ...call, id })
    return settled.promise
  }

  stop(): Promise<void> {
    if (this.#stopped === undefined) {
      const exited = once(this.#worker, 'exit')
      this.#stopped = this.call({ method: 'stop' })
        .then(() => exited)
        .then(() => {})
    }
    return this.#stopped
  }

  #settle(reply: Reply): void {
    if (reply.kind === 'requested') return this.#onRequest?.(reply.request)
    if (reply.kind === 'listening' || reply.id === undefined) return
    const settled = this.#calls.get(reply.id)
    this.#calls.delete(reply.id)
    if (reply.kind === 'done') settled?.resolve()
    else settled?.reject(errorOf(reply.failure))
  }
}

function errorOf({ code, message, details }: Failure): KafkaError {
  return new KafkaError(code, message, details)
}
