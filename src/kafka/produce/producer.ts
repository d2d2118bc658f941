import { assert } from '../../core/assert.ts'
import type { Timer } from '../../core/clock.ts'
import { type MillraceError, KafkaError } from '../../core/errors.ts'
import type { OutputBatch } from '../../kernel/index.ts'
import { apis } from '../network/apis.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusal, topicRecreated } from '../cluster/broker-error.ts'
import type { Wait } from '../cluster/broker-waits.ts'
import type { Cluster, Topic } from '../cluster/cluster.ts'
import { answersIn, type ProduceAnswer, produceRequest, type ProduceResponse } from './produce-protocol.ts'
import { retryDelayMs, soonDelayMs } from '../cluster/retry.ts'
import {
  concernsTransaction,
  type ProducerIdentity,
  type TransactionVersion,
} from '../transactions/transaction-state.ts'

export interface ProducerOptions {
  cluster: Cluster
  /** Topics by the sink index that batches carry. */
  topics: readonly Topic[]
  /** Nothing more can be written, unless under another identity. */
  onFailed(error: MillraceError): void
  /** A leader has stored what it was sent, and takes nothing more for so long, in milliseconds. */
  onThrottled?(throttleMs: number): void
  /** Writes within transactions, which are begun and ended elsewhere. */
  transaction?: ProducerTransaction
}

/** What a producer and the owner of its transactions tell each other. */
export interface ProducerTransaction {
  transactionalId: string
  /** The transaction refused a batch: to be answered by a `stop`, which gives up all others as well. */
  onRefused(code: number): void
  /** A request was not answered, so it may still arrive. */
  onLost(): void
}

/**
 * Requests under way to one leader, and so at most as many batches of a partition: what brokers remember to spot
 * repeats.
 */
const inFlightMax = 5
/** Record batches in one request, in bytes; a single larger one is sent alone. */
const requestBytesMax = 4 << 20
/**
 * How often a batch is refused for want of replicas before that is believed: Kafka says so too while a transaction
 * ends.
 */
const soonAttempts = 5

/** One partition of a sink. Sequences number its records; a batch keeps its own when it is sent again. */
interface PartitionState {
  sink: number
  partition: number
  queue: OutgoingBatch[]
  inFlight: OutgoingBatch[]
  /** Sent in vain, in order; they go back to the queue when nothing is in flight any more. */
  failed: OutgoingBatch[]
  nextSequence: number
  /** Until a first batch is stored, a broker takes any sequence for the first, so that one goes alone. */
  isFirstAlone: boolean
  isWaiting: boolean
  /** What is to be waited for before those that failed are sent again: a while, or the leader. */
  remedy: Remedy
}

type Remedy = 'wait' | 'search'

interface OutgoingBatch {
  batch: OutputBatch
  onStored: () => void
  /** -1 until it is first sent. */
  sequence: number
  queuedMs: number
  failures: number
}

/**
 * Writes finished record batches to their partitions' leaders, idempotently and with acks from all replicas: each batch
 * is stored once and in order, however often it had to be sent. Batches are stamped and sealed when they are sent.
 *
 * @see KIP-98, idempotent producer
 */
export class Producer {
  readonly #options: ProducerOptions
  readonly #partitions: PartitionState[][]
  readonly #leaders: number[][]
  readonly #inFlight = new Map<number, number>()
  /** Leaders that want to be left alone for some time. */
  readonly #throttled = new Map<number, Timer>()
  #identity: ProducerIdentity = { producerId: -1n, epoch: -1 }
  #version: TransactionVersion | undefined
  /** Counts identities: what was sent under an earlier one is no longer waited for. */
  #life = 0
  #unstoredCount = 0
  #flushed: (() => void)[] = []
  #failure: MillraceError | undefined
  #isPumping = false
  /** While batches are sent in vain. */
  #wait: Wait | undefined
  /** Consecutive searches for leaders in vain. */
  #failedSearches = 0
  /** There is one search at a time; its timer stays until it has ended. */
  #searchTimer: Timer | undefined

  constructor(options: ProducerOptions) {
    this.#options = options
    this.#partitions = options.topics.map((topic, sink) =>
      topic.partitions.map((_, partition) => ({
        sink,
        partition,
        queue: [],
        inFlight: [],
        failed: [],
        nextSequence: 0,
        isFirstAlone: true,
        isWaiting: false,
        remedy: 'search',
      })),
    )
    this.#leaders = options.topics.map(({ partitions }) => partitions.map(({ leader }) => leader))
  }

  /** Obtains the identity that makes repeats harmless. */
  async begin(): Promise<void> {
    const { producerId, producerEpoch: epoch } = await this.#options.cluster.ask(
      'obtaining a producer id',
      apis.initProducerId,
      { transactionalId: null, transactionTimeoutMs: 0 },
    )
    this.assume({ producerId: BigInt(producerId), epoch })
  }

  /**
   * Goes on under another identity, with sequences from 0, also after a failure. What is queued or in flight is given
   * up: `onStored` is not called for it, and since it may be on its way, its memory must not be used again.
   */
  assume(identity: ProducerIdentity, version?: TransactionVersion): void {
    this.#identity = identity
    this.#version = version
    this.#life++
    this.#failure = undefined
    this.#unstoredCount = 0
    this.#endWait()
    // A broker that knows transactions of version 2 takes no first sequence but 0.
    const isFirstAlone = version !== 2
    for (const state of this.#partitions.flat()) {
      Object.assign(state, { queue: [], inFlight: [], failed: [], nextSequence: 0, isFirstAlone, isWaiting: false })
    }
  }

  /**
   * Queues a batch, which belongs to the producer until `onStored`.
   *
   * @param onStored - Called when the batch is stored on all in-sync replicas; its memory may be used again.
   */
  send(batch: OutputBatch, onStored: () => void): void {
    assert(this.#identity.producerId >= 0n, 'a producer begins before it sends')
    if (this.#failure !== undefined) return
    this.#unstoredCount++
    const queuedMs = this.#options.cluster.clock.monotonicMs()
    this.#partitions[batch.sink]![batch.partition]!.queue.push({ batch, onStored, sequence: -1, queuedMs, failures: 0 })
    this.#pumpSoon()
  }

  /** Resolves once everything queued so far and since is stored; rejects when the producer fails. */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#unstoredCount === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#flushed.push(() => (this.#failure === undefined ? resolve() : reject(this.#failure)))
    })
  }

  /** Gives up what is queued or in flight; answers that still come are ignored. */
  stop(reason: MillraceError = new KafkaError('KAFKA_CLOSED', 'the producer was stopped')): void {
    this.#fail(reason, false)
  }

  /** Batches queued in one turn of the event loop share requests. */
  #pumpSoon(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    queueMicrotask(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  #pump(): void {
    for (const [leader, partitions] of this.#sendable()) this.#pumpLeader(leader, partitions)
  }

  #sendable(): Map<number, PartitionState[]> {
    const sendable = new Map<number, PartitionState[]>()
    for (const state of this.#partitions.flat()) {
      if (state.isWaiting || state.queue.length === 0) continue
      const leader = this.#leaders[state.sink]![state.partition]!
      const known = sendable.get(leader)
      if (known === undefined) sendable.set(leader, [state])
      else known.push(state)
    }
    return sendable
  }

  #pumpLeader(leader: number, partitions: PartitionState[]): void {
    if (this.#failure !== undefined || this.#throttled.has(leader)) return
    while ((this.#inFlight.get(leader) ?? 0) < inFlightMax) {
      const sent: [PartitionState, OutgoingBatch][] = []
      let bytes = 0
      for (const state of partitions) {
        const next = state.queue[0]
        if (next === undefined || (state.isFirstAlone && state.inFlight.length > 0)) continue
        if (bytes > 0 && bytes + next.batch.position > requestBytesMax) continue
        state.queue.shift()
        state.inFlight.push(next)
        sent.push([state, next])
        bytes += next.batch.position
      }
      if (sent.length === 0) return
      this.#sendTo(leader, sent)
    }
  }

  #sendTo(leader: number, sent: [PartitionState, OutgoingBatch][]): void {
    this.#inFlight.set(leader, (this.#inFlight.get(leader) ?? 0) + 1)
    const bySink = Map.groupBy(sent, ([{ sink }]) => sink)
    const topics = Array.from(bySink, ([sink, batches]) => ({
      name: this.#options.topics[sink]!.name,
      partitionData: batches.map(([state, outgoing]) => ({
        index: state.partition,
        records: [this.#seal(state, outgoing)],
      })),
    }))
    const { transaction } = this.#options
    const request = produceRequest(topics, transaction?.transactionalId ?? null)
    const life = this.#life
    const failed = (error: MillraceError) => {
      this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
      // Whoever waits for the room of a request from an earlier life goes on now.
      if (life !== this.#life) return this.#pumpSoon()
      if (!error.retryable) return this.#fail(error)
      transaction?.onLost()
      for (const [state, outgoing] of sent) this.#sentInVain(state, outgoing, error)
      this.#pumpSoon()
    }
    this.#options.cluster.connection(leader, 'produce').then((connection) => {
      connection.request({
        api: this.#version === 2 ? apis.joiningProduce : apis.produce,
        request,
        onResponse: (response) => {
          this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
          connection.allow(response.throttleTimeMs)
          if (life === this.#life) this.#answered(leader, sent, response)
          this.#pumpSoon()
        },
        onFailed: failed,
      })
    }, failed)
  }

  #seal(state: PartitionState, outgoing: OutgoingBatch): Buffer {
    if (outgoing.sequence < 0) {
      outgoing.sequence = state.nextSequence
      // Sequences are 31 bits wide and go round.
      state.nextSequence = (state.nextSequence + outgoing.batch.count) % 2 ** 31
    }
    return outgoing.batch.seal({
      ...this.#identity,
      sequence: outgoing.sequence,
      isTransactional: this.#options.transaction !== undefined,
    })
  }

  #answered(leader: number, sent: [PartitionState, OutgoingBatch][], response: ProduceResponse): void {
    const { throttleTimeMs } = response
    const answers = answersIn(response)
    if (throttleTimeMs > 0 && this.#failure === undefined) this.#throttle(leader, throttleTimeMs)
    for (const [state, outgoing] of sent) {
      // An answer before may have been the end of all.
      if (this.#failure !== undefined) return
      const { name } = this.#options.topics[state.sink]!
      const answer = answers.find(({ topic, partition }) => topic === name && partition === state.partition)
      this.#judge(state, outgoing, answer, `writing to topic "${name}", partition ${state.partition}`)
    }
    if (throttleTimeMs > 0) this.#options.onThrottled?.(throttleTimeMs)
  }

  #judge(state: PartitionState, outgoing: OutgoingBatch, answer: ProduceAnswer | undefined, where: string): void {
    if (answer === undefined) {
      return this.#sentInVain(state, outgoing, new KafkaError('KAFKA_UNAVAILABLE', `${where}: the broker left it out`))
    }
    const { errorCode: code, errorMessage, topic, partition } = answer
    if (code === errorCode.none || code === errorCode.duplicateSequenceNumber) {
      return this.#stored(state, outgoing)
    }
    const message = errorMessage === null ? where : `${where} (${errorMessage})`
    const error = refusal(code, message, { topic, partition })
    // After a batch that failed, the following ones of its partition are out of order; they are sent again after it.
    const followsFailure = code === errorCode.outOfOrderSequenceNumber && state.failed.length > 0
    if (followsFailure || error.retryable) {
      return this.#sentInVain(state, outgoing, error, this.#isEndingTransaction(code, outgoing) ? 'wait' : 'search')
    }
    const { transaction } = this.#options
    // What it means is not known yet, so a commit that waits for the batch must not end with it.
    if (transaction !== undefined && concernsTransaction(code)) transaction.onRefused(code)
    else this.#fail(error)
  }

  /** Whether a batch seems to have come while the transaction before was still ending, which takes milliseconds. */
  #isEndingTransaction(code: number, { failures }: OutgoingBatch): boolean {
    if (this.#options.transaction === undefined) return false
    return (
      code === errorCode.concurrentTransactions || (code === errorCode.notEnoughReplicas && failures < soonAttempts)
    )
  }

  #stored(state: PartitionState, outgoing: OutgoingBatch): void {
    state.isFirstAlone = false
    this.#landed(state, outgoing)
    this.#unstoredCount--
    outgoing.onStored()
    if (this.#wait !== undefined && this.#partitions.flat().every(isWell)) this.#endWait()
    if (this.#unstoredCount === 0) for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #sentInVain(state: PartitionState, outgoing: OutgoingBatch, error: MillraceError, remedy: Remedy = 'search'): void {
    if (this.#failure !== undefined) return
    if (this.#isOverdue(outgoing.queuedMs)) return this.#fail(this.#overdue(error))
    this.#waiting(error)
    if (state.failed.length === 0) state.remedy = remedy
    outgoing.failures++
    state.failed.push(outgoing)
    state.isWaiting = true
    this.#landed(state, outgoing)
  }

  /**
   * Takes a batch out of those in flight. After the last one, failed batches are put back in front, in their order, and
   * wait until their leader is known anew, or a little.
   */
  #landed(state: PartitionState, outgoing: OutgoingBatch): void {
    state.inFlight.splice(state.inFlight.indexOf(outgoing), 1)
    if (state.inFlight.length > 0 || state.failed.length === 0) return
    const { failures } = state.failed[0]!
    state.queue.unshift(...state.failed.splice(0))
    if (state.remedy === 'search') this.#searchLater(failures - 1)
    else this.#resumeSoon(state, failures - 1)
  }

  #resumeSoon(state: PartitionState, attempt: number): void {
    this.#options.cluster.clock.setTimer({ afterMs: soonDelayMs(attempt) }, () => {
      // It may have gone on already, with leaders that were looked for on behalf of another one.
      if (state.inFlight.length > 0) return
      state.isWaiting = false
      this.#pump()
    })
  }

  #searchLater(attempt: number): void {
    const { clock, random } = this.#options.cluster
    this.#searchTimer ??= clock.setTimer({ afterMs: retryDelayMs(attempt, random) }, () => void this.#search())
  }

  /** Looks for the leaders anew and lets the partitions that wait go on. */
  async #search(): Promise<void> {
    const { cluster, topics } = this.#options
    try {
      const found = await cluster.topicsOnce(topics.map(({ name }) => name))
      this.#searchTimer = undefined
      this.#failedSearches = 0
      if (this.#failure === undefined) this.#resume(found)
    } catch (cause) {
      const error = cause as MillraceError
      this.#searchTimer = undefined
      if (this.#failure !== undefined) return
      if (!error.retryable) return this.#fail(error)
      // Without any broker nobody answers, so the age of what is pending is looked at here too.
      const oldestMs = Math.min(...this.#partitions.flat().map(({ queue }) => queue[0]?.queuedMs ?? Infinity))
      if (this.#isOverdue(oldestMs)) return this.#fail(this.#overdue(error))
      this.#waiting(error)
      this.#searchLater(this.#failedSearches++)
    }
  }

  #resume(found: readonly Topic[]): void {
    const { topics } = this.#options
    const recreated = found.find(({ id }, sink) => id !== topics[sink]!.id)
    if (recreated !== undefined) return this.#fail(topicRecreated(recreated.name))
    for (const state of this.#partitions.flat()) {
      // What is in flight to the leader as it was known must be answered before the next batch goes to another one.
      if (state.inFlight.length > 0) continue
      this.#leaders[state.sink]![state.partition] = found[state.sink]!.partitions[state.partition]!.leader
      state.isWaiting = false
    }
    this.#pump()
  }

  #waiting(error: MillraceError): void {
    const { cluster, topics } = this.#options
    this.#wait ??= cluster.waits.begin(`writing to ${topics.map(({ name }) => `"${name}"`).join(', ')}`)
    this.#wait.failed(error)
  }

  #endWait(): void {
    this.#wait?.end()
    this.#wait = undefined
  }

  #isOverdue(queuedMs: number): boolean {
    const { clock, retryPolicy } = this.#options.cluster
    return clock.monotonicMs() - queuedMs > retryPolicy.deadlineMs
  }

  #overdue(cause: MillraceError): KafkaError {
    const { deadlineMs } = this.#options.cluster.retryPolicy
    const what = `records could not be written within ${deadlineMs} ms: ${cause.message}`
    return new KafkaError('KAFKA_DELIVERY_TIMEOUT', what, cause.details, cause)
  }

  /** A broker that throttles says how long it wants to be left alone. */
  #throttle(leader: number, throttleTimeMs: number): void {
    this.#throttled.get(leader)?.cancel()
    const timer = this.#options.cluster.clock.setTimer({ afterMs: throttleTimeMs }, () => {
      this.#throttled.delete(leader)
      this.#pump()
    })
    this.#throttled.set(leader, timer)
  }

  #fail(error: MillraceError, isReported = true): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#endWait()
    this.#searchTimer?.cancel()
    this.#searchTimer = undefined
    for (const timer of this.#throttled.values()) timer.cancel()
    this.#throttled.clear()
    for (const resolve of this.#flushed.splice(0)) resolve()
    if (isReported) this.#options.onFailed(error)
  }
}

/** Whether nothing of a partition has failed and not been stored since. */
function isWell({ isWaiting, failed }: PartitionState): boolean {
  return !isWaiting && failed.length === 0
}
