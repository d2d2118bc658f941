import { type InputOf, type Type, type ValueOf, apiVersions, metadata } from '../../src/protocol/index.ts'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { apis } from '../../src/broker/handlers/index.ts'
import { type PeerApi, PeerRequest } from './peer-request.ts'
import { Queue } from './queue.ts'

type AnyType = Type<unknown, never>

/** A request that a test has taken and must answer, or not. */
export interface TakenRequest<Request extends AnyType, Response extends AnyType> {
  request: ValueOf<Request>
  raw: PeerRequest
  answer: (response: InputOf<Response>) => void
}

export interface PeerTopic {
  name: string
  /** @defaultValue one that is the same for every topic */
  id?: string
  /** Leader of each partition; -1 for none. */
  leaders: readonly number[]
}

export const topicId = Buffer.from('0123456789abcdef').toString('base64url')

/**
 * A broker that does what a test says: a listener on loopback whose requests are answered by rules (`serve`) or one by
 * one (`take`), rightly, wrongly, late or never.
 */
export class ScriptedBroker implements AsyncDisposable {
  readonly nodeId: number
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #rules = new Map<number, (request: PeerRequest) => void>()
  readonly #requests = new Queue<PeerRequest>()
  /** Connections accepted so far. */
  connectionCount = 0

  /**
   * Says of itself what clients want to hear first (ApiVersions), until that is held. @param options - `tls` makes it
   * speak TLS.
   */
  static async start(nodeId = 1, options: { tls?: TlsOptions } = {}): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(nodeId, options.tls)
    broker.#server.listen(0, broker.host)
    await once(broker.#server, 'listening')
    return broker
  }

  private constructor(nodeId: number, tls: TlsOptions | undefined) {
    this.nodeId = nodeId
    const onConnection = (socket: Socket) => this.#accept(socket)
    this.serveVersions()
    this.#server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get bootstrapServers(): string {
    return `${this.host}:${this.port}`
  }

  /** Requests that were neither answered by a rule nor taken. */
  get waitingCount(): number {
    return this.#requests.length
  }

  /** Answers all requests of an API by a rule. */
  serve<Request extends AnyType, Response extends AnyType>(
    api: PeerApi<Request, Response>,
    rule: (request: ValueOf<Request>) => InputOf<Response>,
  ): void {
    this.#rules.set(api.key, (request) => request.answer(api, rule(request.read(api))))
  }

  /** Answers what every client asks first, as it does from its start. */
  serveVersions(): void {
    this.serve(apiVersions, () => ({
      errorCode: 0,
      apiKeys: apis.map(({ key, versions: [minVersion, maxVersion] }) => ({ apiKey: key, minVersion, maxVersion })),
    }))
  }

  /** Leaves the requests of an API to be taken again. */
  hold(api: PeerApi<AnyType, AnyType>): void {
    this.#rules.delete(api.key)
  }

  /** Answers Metadata: these brokers, these topics. */
  serveTopics(brokers: readonly ScriptedBroker[], topics: readonly PeerTopic[]): void {
    this.serve(metadata, (request) => describeTopics(request, brokers, topics))
  }

  /** The next request that no rule answers. */
  next(): Promise<PeerRequest> {
    return this.#requests.next()
  }

  /** The next request that no rule answers, which must be one of this API. */
  async take<Request extends AnyType, Response extends AnyType>(
    api: PeerApi<Request, Response>,
  ): Promise<TakenRequest<Request, Response>> {
    const raw = await this.next()
    if (raw.apiKey !== api.key) throw new Error(`API ${raw.apiKey} was asked instead of ${api.key}`)
    return { raw, request: raw.read(api), answer: (response) => raw.answer(api, response) }
  }

  /** Breaks all connections; new ones are accepted. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Breaks all connections and refuses new ones. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    this.connectionCount++
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0)
        this.#receive(new PeerRequest(received.subarray(4, end), socket))
        received = received.subarray(end)
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #receive(request: PeerRequest): void {
    const rule = this.#rules.get(request.apiKey)
    if (rule === undefined) this.#requests.push(request)
    else rule(request)
  }
}

const unknownTopicOrPartition = 3
const leaderNotAvailable = 5

/** The answer to Metadata from a cluster of these brokers and topics. */
export function describeTopics(
  request: ValueOf<typeof metadata.request>,
  brokers: readonly ScriptedBroker[],
  topics: readonly PeerTopic[],
): InputOf<typeof metadata.response> {
  return {
    brokers: brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
    topics: (request.topics ?? []).map(({ name }) => describeTopic(name!, topics)),
  }
}

function describeTopic(name: string, topics: readonly PeerTopic[]) {
  const topic = topics.find((other) => other.name === name)
  if (topic === undefined) return { errorCode: unknownTopicOrPartition, name, partitions: [] }
  const partitions = topic.leaders.map((leaderId, partitionIndex) => ({
    errorCode: leaderId < 0 ? leaderNotAvailable : 0,
    partitionIndex,
    leaderId,
    leaderEpoch: 7,
    replicaNodes: [leaderId],
    isrNodes: [leaderId],
  }))
  return { errorCode: 0, name, topicId: topic.id ?? topicId, partitions }
}
