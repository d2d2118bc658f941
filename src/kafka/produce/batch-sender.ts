import type { MillraceError } from '../../core/errors.ts'
import { apis } from '../network/apis.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { LeaderTracker } from '../cluster/leader-tracker.ts'
import { answersIn, type ProduceAnswer, produceRequest } from './produce-protocol.ts'

export interface ReadyBatch {
  partition: number
  /** A finished record batch. */
  bytes: Uint8Array
}

/** Called for each request with its bytes, and with what the leaders said of its batches. */
export type OnSent = (bytes: number, answers: readonly ProduceAnswer[]) => void

const inFlightMax = 5
const requestBytesMax = 4 << 20

/**
 * Writes record batches that are finished already, several requests at a time, as they are: without idempotence, so the
 * order within a partition holds only while nothing is refused, and a lost connection is final.
 *
 * @throws KafkaError
 */
export async function sendBatches(
  cluster: Cluster,
  topic: Topic,
  batches: Iterable<ReadyBatch>,
  onSent: OnSent,
): Promise<void> {
  using sender = new BatchSender(cluster, topic)
  const underWay = new Set<Promise<void>>()
  for (const request of requests(topic, batches)) {
    if (underWay.size >= inFlightMax) await Promise.race(underWay)
    const sending = sender.send(request).then((answers) => onSent(request.bytes, answers))
    underWay.add(sending)
    void sending.finally(() => underWay.delete(sending)).catch(() => {})
  }
  await Promise.all(underWay)
}

/** What one request carries: at most one batch per partition. */
interface BatchRequest {
  batches: Map<number, Buffer>
  bytes: number
}

function* requests(topic: Topic, batches: Iterable<ReadyBatch>): Generator<BatchRequest> {
  const open = new Map<number, BatchRequest>()
  for (const { partition, bytes } of batches) {
    const { leader } = topic.partitions[partition]!
    let request = open.get(leader)
    if (request !== undefined && (request.batches.has(partition) || request.bytes + bytes.length > requestBytesMax)) {
      yield request
      request = undefined
    }
    if (request === undefined) open.set(leader, (request = { batches: new Map(), bytes: 0 }))
    request.batches.set(partition, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    request.bytes += bytes.length
  }
  yield* open.values()
}

/** Sends requests to the leaders of a topic, and again what those refuse for now. */
class BatchSender implements Disposable {
  readonly #cluster: Cluster
  readonly #topic: Topic
  readonly #leaders: LeaderTracker
  /** Since when the requests are repeated that have been refused, by the monotonic clock. */
  readonly #refusedSinceMs = new Map<BatchRequest, number>()
  /** Rejects with why requests are not repeated any more. */
  readonly #failed = Promise.withResolvers<never>()
  readonly #found = new Signal()
  readonly #free = new Signal()
  readonly #onClosed = () => this.#failed.reject(this.#cluster.retryPolicy.signal.reason)

  constructor(cluster: Cluster, topic: Topic) {
    this.#cluster = cluster
    this.#topic = topic
    this.#leaders = new LeaderTracker({
      cluster,
      topics: [topic],
      what: `writing to "${topic.name}"`,
      oldestMs: () => Math.min(...this.#refusedSinceMs.values()),
      onFound: () => this.#found.fire(),
      onFree: () => this.#free.fire(),
      onFailed: (error: MillraceError) => this.#failed.reject(error),
    })
    this.#failed.promise.catch(() => {})
    cluster.retryPolicy.signal.addEventListener('abort', this.#onClosed)
  }

  /** @returns What the leaders said of each batch that they have stored. */
  async send(request: BatchRequest): Promise<ProduceAnswer[]> {
    const sinceMs = this.#cluster.clock.monotonicMs()
    const stored: ProduceAnswer[] = []
    let left: ReadonlyMap<number, Buffer> = request.batches
    for (;;) {
      const answers = await this.#sendToLeaders(left)
      const refused = answers.filter((answer) => answer.errorCode !== errorCode.none)
      stored.push(...answers.filter((answer) => answer.errorCode === errorCode.none))
      if (refused.length === 0) break
      this.#refusedSinceMs.set(request, sinceMs)
      await this.#refused(refused, sinceMs)
      left = new Map(refused.map(({ partition }) => [partition, left.get(partition)!]))
    }
    if (this.#refusedSinceMs.delete(request) && this.#refusedSinceMs.size === 0) this.#leaders.recovered()
    return stored
  }

  [Symbol.dispose](): void {
    this.#cluster.retryPolicy.signal.removeEventListener('abort', this.#onClosed)
    this.#leaders.stop()
  }

  async #sendToLeaders(batches: ReadonlyMap<number, Buffer>): Promise<ProduceAnswer[]> {
    const byLeader = Map.groupBy(batches, ([partition]) => this.#leaders.leaderOf(0, partition))
    const answers = await Promise.all(Array.from(byLeader, ([leader, led]) => this.#sendTo(leader, led)))
    return answers.flat()
  }

  async #sendTo(leader: number, batches: readonly (readonly [number, Buffer])[]): Promise<ProduceAnswer[]> {
    while (this.#leaders.isThrottled(leader)) await this.#unlessFailed(this.#free.fired)
    const connection = await this.#cluster.connection(leader, 'produce')
    const partitionData = batches.map(([index, records]) => ({ index, records: [records] }))
    const request = produceRequest([{ name: this.#topic.name, partitionData }], null)
    const response = await connection.ask(apis.produce, request)
    connection.allow(response.throttleTimeMs)
    this.#leaders.throttle(leader, response.throttleTimeMs)
    return answersIn(response)
  }

  /** Resolves when the leaders have been looked for anew. */
  async #refused(refused: readonly ProduceAnswer[], sinceMs: number): Promise<void> {
    const errors = refused.map(({ errorCode: code, partition }) =>
      refusal(code, `writing to topic "${this.#topic.name}", partition ${partition}`),
    )
    const error = errors.find(({ retryable }) => !retryable) ?? errors[0]!
    if (!error.retryable) throw error
    if (this.#leaders.failed(error, sinceMs)) this.#leaders.search()
    await this.#unlessFailed(this.#found.fired)
  }

  #unlessFailed(signal: Promise<void>): Promise<void> {
    return Promise.race([signal, this.#failed.promise])
  }
}

/** Something that happens again and again. */
class Signal {
  #next = Promise.withResolvers<void>()

  /** Resolves the next time. */
  get fired(): Promise<void> {
    return this.#next.promise
  }

  fire(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }
}
