import { initProducerIdV4 } from '@platformatic/kafka'
import { assert } from '../core/assert.ts'
import type { Timer } from '../core/clock.ts'
import { type EngineError, KafkaError } from '../core/errors.ts'
import type { OutputBatch } from '../kernel/index.ts'
import { brokerErrorName, brokerErrors, isRetryableCode, refusal } from './broker-error.ts'
import type { Cluster, Topic } from './cluster.ts'
import { decodeProduce, encodeProduce, type ProduceAnswer, produceApi, type ProduceTopic } from './produce-protocol.ts'
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
  isWaiting: boolean
}

interface OutgoingBatch {
  batch: OutputBatch
  onStored: () => void
  /** -1 until it is first sent. */
  sequence: number
  queuedMs: number
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
  readonly #mutedUntilMs = new Map<number, number>()
  #producerId = -1n
  #producerEpoch = -1
  #unstoredCount = 0
  #flushed: (() => void)[] = []
  #failure: EngineError | undefined
  #isPumping = false
  #attempts = 0
  #retryTimer: Timer | undefined

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
    this.#partitions[batch.sink]![batch.partition]!.queue.push({ batch, onStored, sequence: -1, queuedMs })
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
    this.#fail(new KafkaError('KAFKA_CONNECTION_FAILED', 'the producer was stopped'), false)
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
    const mutedUntilMs = this.#mutedUntilMs.get(leader) ?? 0
    if (mutedUntilMs > this.#options.cluster.clock.monotonicMs()) return
    while (this.#failure === undefined && (this.#inFlight.get(leader) ?? 0) < inFlightMax) {
      const sent: [PartitionState, OutgoingBatch][] = []
      let bytes = 0
      for (const state of partitions) {
        const next = state.queue[0]
        if (next === undefined || (bytes > 0 && bytes + next.batch.position > requestBytesMax)) continue
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
    const failed = (error: KafkaError) => {
      this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
      for (const [state, outgoing] of sent) this.#sentInVain(state, outgoing, error)
      this.#pumpSoon()
    }
    this.#options.cluster.connection(leader, 'produce').then((connection) => {
      connection.request(produceApi.key, produceApi.version, body, undefined, (error, into, start) => {
        if (error) return failed(error)
        this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
        this.#answered(leader, sent, into.buffer, start)
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

  #answered(leader: number, sent: [PartitionState, OutgoingBatch][], buffer: Buffer, start: number): void {
    if (this.#failure !== undefined) return
    const { answers, throttleTimeMs } = decodeProduce(buffer, start)
    if (throttleTimeMs > 0) this.#mute(leader, throttleTimeMs)
    for (const [state, outgoing] of sent) {
      const name = this.#options.topics[state.sink]!.name
      const answer = answers.find(({ topic, partition }) => topic === name && partition === state.partition)
      if (answer === undefined) {
        this.#sentInVain(
          state,
          outgoing,
          new KafkaError('KAFKA_UNAVAILABLE', `the broker did not answer for topic "${name}"`),
        )
      } else this.#judge(state, outgoing, answer)
    }
    this.#pumpSoon()
  }

  #judge(state: PartitionState, outgoing: OutgoingBatch, answer: ProduceAnswer): void {
    const { errorCode } = answer
    if (errorCode === brokerErrors.none || errorCode === brokerErrors.duplicateSequence) {
      this.#stored(state, outgoing)
      return
    }
    // Behind a batch that failed, the following ones of its partition are out of order; they are sent again behind it.
    const followsFailure = errorCode === brokerErrors.outOfOrderSequence && state.failed.length > 0
    const where = `writing to topic "${answer.topic}", partition ${answer.partition}`
    const message = answer.errorMessage === null ? where : `${where} (${answer.errorMessage})`
    const error = refusal(errorCode, message, { topic: answer.topic, partition: answer.partition })
    if (followsFailure || isRetryableCode(errorCode)) this.#sentInVain(state, outgoing, error)
    else this.#fail(error)
  }

  #stored(state: PartitionState, outgoing: OutgoingBatch): void {
    this.#attempts = 0
    state.inFlight.splice(state.inFlight.indexOf(outgoing), 1)
    if (state.inFlight.length === 0 && state.failed.length > 0) this.#retry(state)
    this.#unstoredCount--
    outgoing.onStored()
    if (this.#unstoredCount === 0) for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #sentInVain(state: PartitionState, outgoing: OutgoingBatch, error: KafkaError): void {
    if (this.#failure !== undefined) return
    const { clock, retryPolicy } = this.#options.cluster
    if (!error.retryable && error.details['brokerError'] !== brokerErrorName(brokerErrors.outOfOrderSequence)) {
      return this.#fail(error)
    }
    if (clock.monotonicMs() - outgoing.queuedMs > retryPolicy.deadlineMs) {
      const what = `records could not be written within ${retryPolicy.deadlineMs} ms: ${error.message}`
      return this.#fail(new KafkaError('KAFKA_DELIVERY_TIMEOUT', what, error.details, error))
    }
    state.inFlight.splice(state.inFlight.indexOf(outgoing), 1)
    state.failed.push(outgoing)
    state.isWaiting = true
    if (state.inFlight.length === 0) this.#retry(state)
  }

  /** Puts failed batches back in front, in their order, and sends them after a pause. */
  #retry(state: PartitionState): void {
    state.queue.unshift(...state.failed.splice(0))
    this.#retryTimer ??= this.#options.cluster.clock.setTimer(
      { afterMs: retryDelayMs(this.#attempts++, this.#options.cluster.random) },
      () => this.#refreshLeaders(),
    )
  }

  #refreshLeaders(): void {
    const { cluster, topics } = this.#options
    cluster.topics(topics.map(({ name }) => name)).then(
      (fresh) => {
        this.#retryTimer = undefined
        fresh.forEach((topic, sink) => {
          topic.partitions.forEach(({ leader }, partition) => (this.#leaders[sink]![partition] = leader))
        })
        for (const state of this.#partitions.flat()) if (state.inFlight.length === 0) state.isWaiting = false
        this.#pump()
      },
      (error: EngineError) => {
        if (!error.retryable) return this.#fail(error)
        const afterMs = retryDelayMs(this.#attempts++, cluster.random)
        this.#retryTimer = cluster.clock.setTimer({ afterMs }, () => this.#refreshLeaders())
        this.#failOverdue(error)
      },
    )
  }

  /** Without any broker nobody answers, so the oldest batch's age is looked at here too. */
  #failOverdue(error: EngineError): void {
    const { clock, retryPolicy } = this.#options.cluster
    const oldestMs = Math.min(...this.#partitions.flat().map(({ queue }) => queue[0]?.queuedMs ?? Infinity))
    if (clock.monotonicMs() - oldestMs <= retryPolicy.deadlineMs) return
    const what = `records could not be written within ${retryPolicy.deadlineMs} ms: ${error.message}`
    this.#fail(new KafkaError('KAFKA_DELIVERY_TIMEOUT', what, error.details, error))
  }

  /** A broker that throttles says how long it wants to be left alone. */
  #mute(leader: number, throttleTimeMs: number): void {
    const { clock } = this.#options.cluster
    this.#mutedUntilMs.set(leader, clock.monotonicMs() + throttleTimeMs)
    clock.setTimer({ afterMs: throttleTimeMs }, () => this.#pump())
  }

  #fail(error: EngineError, isReported = true): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#retryTimer?.cancel()
    for (const resolve of this.#flushed.splice(0)) resolve()
    if (isReported) this.#options.onFailed(error)
  }
}
