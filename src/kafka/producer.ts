import { initProducerIdV4 } from '@platformatic/kafka'
import { assert } from '../core/assert.ts'
import type { Timer } from '../core/clock.ts'
import { type EngineError, KafkaError } from '../core/errors.ts'
import type { OutputBatch } from '../kernel/index.ts'
import { brokerErrors, refusal, topicRecreated } from './broker-error.ts'
import type { Cluster, Topic } from './cluster.ts'
import {
  decodeProduce,
  encodeProduce,
  type ProduceAnswer,
  produceApi,
  type ProduceResponse,
  type ProduceTopic,
} from './produce-protocol.ts'
import { retryDelayMs } from './retry.ts'

export interface ProducerOptions {
  cluster: Cluster
  /** Topics by the sink index that batches carry. */
  topics: readonly Topic[]
  /** Nothing more can be written. */
  onFailed(error: EngineError): void
}

/** Requests under way to one leader, and so at most as many batches of a partition: what brokers remember to spot repeats. */
const inFlightMax = 5
/** Record batches in one request, in bytes; a single larger one is sent alone. */
const requestBytesMax = 4 << 20
/** Time a leader may take to have a batch on all replicas. */
const replicationTimeoutMs = 30_000

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
  hasStored: boolean
  isWaiting: boolean
}

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
  #producerId = -1n
  #producerEpoch = -1
  #unstoredCount = 0
  #flushed: (() => void)[] = []
  #failure: EngineError | undefined
  #isPumping = false
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
        hasStored: false,
        isWaiting: false,
      })),
    )
    this.#leaders = options.topics.map(({ partitions }) => partitions.map(({ leader }) => leader))
  }

  /** Obtains the identity that makes repeats harmless. */
  async begin(): Promise<void> {
    const response = await this.#options.cluster.request('obtaining a producer id', initProducerIdV4.api, null, 0)
    this.#producerId = response.producerId
    this.#producerEpoch = response.producerEpoch
  }

  /**
   * Queues a batch, which belongs to the producer until `onStored`.
   *
   * @param onStored - Called when the batch is stored on all in-sync replicas; its memory may be used again.
   */
  send(batch: OutputBatch, onStored: () => void): void {
    assert(this.#producerId >= 0n, 'a producer begins before it sends')
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
  stop(): void {
    this.#fail(new KafkaError('KAFKA_CLOSED', 'the producer was stopped'), false)
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
        if (next === undefined || (!state.hasStored && state.inFlight.length > 0)) continue
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
    const topics = new Map<number, ProduceTopic>()
    for (const [state, outgoing] of sent) {
      let topic = topics.get(state.sink)
      if (topic === undefined)
        topics.set(state.sink, (topic = { name: this.#options.topics[state.sink]!.name, partitions: [] }))
      topic.partitions.push({ partition: state.partition, records: this.#seal(state, outgoing) })
    }
    const body = encodeProduce([...topics.values()], null, replicationTimeoutMs)
    const failed = (error: EngineError) => {
      this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
      if (!error.retryable) return this.#fail(error)
      for (const [state, outgoing] of sent) this.#sentInVain(state, outgoing, error)
      this.#pumpSoon()
    }
    this.#options.cluster.connection(leader, 'produce').then((connection) => {
      connection.request({
        api: produceApi,
        body,
        parse: ({ buffer }, start, end) => decodeProduce(buffer, start, end),
        onResponse: (response) => {
          this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
          this.#answered(leader, sent, response)
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
      producerId: this.#producerId,
      epoch: this.#producerEpoch,
      sequence: outgoing.sequence,
      isTransactional: false,
    })
  }

  #answered(
    leader: number,
    sent: [PartitionState, OutgoingBatch][],
    { answers, throttleTimeMs }: ProduceResponse,
  ): void {
    if (this.#failure !== undefined) return
    if (throttleTimeMs > 0) this.#throttle(leader, throttleTimeMs)
    for (const [state, outgoing] of sent) {
      const { name } = this.#options.topics[state.sink]!
      const answer = answers.find(({ topic, partition }) => topic === name && partition === state.partition)
      this.#judge(state, outgoing, answer, `writing to topic "${name}", partition ${state.partition}`)
    }
    this.#pumpSoon()
  }

  #judge(state: PartitionState, outgoing: OutgoingBatch, answer: ProduceAnswer | undefined, where: string): void {
    if (answer === undefined) {
      return this.#sentInVain(state, outgoing, new KafkaError('KAFKA_UNAVAILABLE', `${where}: the broker left it out`))
    }
    const { errorCode, errorMessage, topic, partition } = answer
    if (errorCode === brokerErrors.none || errorCode === brokerErrors.duplicateSequence) {
      return this.#stored(state, outgoing)
    }
    const message = errorMessage === null ? where : `${where} (${errorMessage})`
    const error = refusal(errorCode, message, { topic, partition })
    // Behind a batch that failed, the following ones of its partition are out of order; they are sent again behind it.
    const followsFailure = errorCode === brokerErrors.outOfOrderSequence && state.failed.length > 0
    if (followsFailure || error.retryable) this.#sentInVain(state, outgoing, error)
    else this.#fail(error)
  }

  #stored(state: PartitionState, outgoing: OutgoingBatch): void {
    state.hasStored = true
    this.#landed(state, outgoing)
    this.#unstoredCount--
    outgoing.onStored()
    if (this.#unstoredCount === 0) for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #sentInVain(state: PartitionState, outgoing: OutgoingBatch, error: EngineError): void {
    if (this.#failure !== undefined) return
    if (this.#isOverdue(outgoing.queuedMs)) return this.#fail(this.#overdue(error))
    outgoing.failures++
    state.failed.push(outgoing)
    state.isWaiting = true
    this.#landed(state, outgoing)
  }

  /**
   * Takes a batch out of those in flight. Behind the last one, failed batches are put back in front, in their order, and
   * wait until their leader is known anew.
   */
  #landed(state: PartitionState, outgoing: OutgoingBatch): void {
    state.inFlight.splice(state.inFlight.indexOf(outgoing), 1)
    if (state.inFlight.length > 0 || state.failed.length === 0) return
    const { failures } = state.failed[0]!
    state.queue.unshift(...state.failed.splice(0))
    this.#searchLater(failures - 1)
  }

  #searchLater(attempt: number): void {
    const { clock, random } = this.#options.cluster
    this.#searchTimer ??= clock.setTimer({ afterMs: retryDelayMs(attempt, random) }, () => void this.#search())
  }

  /** Looks for the leaders anew and lets the partitions that wait go on. */
  async #search(): Promise<void> {
    const { cluster, topics } = this.#options
    try {
      const found = await cluster.topics(topics.map(({ name }) => name))
      this.#searchTimer = undefined
      this.#failedSearches = 0
      if (this.#failure === undefined) this.#resume(found)
    } catch (cause) {
      const error = cause as EngineError
      this.#searchTimer = undefined
      if (this.#failure !== undefined) return
      if (!error.retryable) return this.#fail(error)
      // Without any broker nobody answers, so the age of what waits is looked at here too.
      const oldestMs = Math.min(...this.#partitions.flat().map(({ queue }) => queue[0]?.queuedMs ?? Infinity))
      if (this.#isOverdue(oldestMs)) return this.#fail(this.#overdue(error))
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

  #isOverdue(queuedMs: number): boolean {
    const { clock, retryPolicy } = this.#options.cluster
    return clock.monotonicMs() - queuedMs > retryPolicy.deadlineMs
  }

  #overdue(cause: EngineError): KafkaError {
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

  #fail(error: EngineError, isReported = true): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#searchTimer?.cancel()
    for (const timer of this.#throttled.values()) timer.cancel()
    for (const resolve of this.#flushed.splice(0)) resolve()
    if (isReported) this.#options.onFailed(error)
  }
}
