import { assert } from '../../core/assert.ts'
import { type MillraceError, KafkaError } from '../../core/errors.ts'
import type { OutputBatch } from '../../kernel/index.ts'
import { apis } from '../network/apis.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { LeaderTracker } from '../cluster/leader-tracker.ts'
import { inFlightMax, type OutgoingBatch, PartitionQueue, type Remedy } from './partition-queue.ts'
import { answersIn, type ProduceAnswer, produceRequest, type ProduceResponse } from './produce-protocol.ts'
import { byTopic, type SentBatch, takeBatches } from './request-batches.ts'
import { soonDelayMs } from '../cluster/retry.ts'
import { verdictOn } from './verdict.ts'
import type { ProducerIdentity, TransactionVersion } from '../transactions/transaction-state.ts'

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
 * Writes finished record batches to their partitions' leaders, idempotently and with acks from all replicas: each batch
 * is stored once and in order, however often it had to be sent. Batches are stamped and sealed when they are sent.
 *
 * @see KIP-98, idempotent producer
 */
export class Producer {
  readonly #options: ProducerOptions
  readonly #queues: readonly (readonly PartitionQueue[])[]
  readonly #leaders: LeaderTracker
  /** Requests in flight, by leader. */
  readonly #inFlight = new Map<number, number>()
  #identity: ProducerIdentity = { producerId: -1n, epoch: -1 }
  #version: TransactionVersion | undefined
  /** Counts identities: what was sent under an earlier one is no longer waited for. */
  #life = 0
  #unstoredCount = 0
  #flushed: (() => void)[] = []
  #failure: MillraceError | undefined
  #isPumping = false

  constructor(options: ProducerOptions) {
    const { cluster, topics } = options
    this.#options = options
    this.#queues = topics.map((topic, sink) =>
      topic.partitions.map(({ leader }, partition) => new PartitionQueue({ sink, partition, leader })),
    )
    this.#leaders = new LeaderTracker({
      cluster,
      topics,
      what: `writing to ${topics.map(({ name }) => `"${name}"`).join(', ')}`,
      oldestMs: () => Math.min(...this.#queues.flat().map(({ oldestMs }) => oldestMs)),
      onFound: () => this.#resume(),
      onFree: () => this.#pump(),
      onFailed: (error, isOverdue) => this.#fail(isOverdue ? this.#overdue(error) : error),
    })
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
    this.#leaders.recovered()
    // A broker that knows transactions of version 2 takes no first sequence but 0.
    for (const queue of this.#queues.flat()) queue.reset({ isFirstAlone: version !== 2 })
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
    this.#queues[batch.sink]![batch.partition]!.add(batch, onStored, this.#options.cluster.clock.monotonicMs())
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

  /**
   * Batches queued in one turn of the event loop share requests. In a transaction that is more than thrift: partitions
   * that join it by requests at the same time make the broker try again after 20 ms.
   */
  #pumpSoon(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    setImmediate(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  #pump(): void {
    const sendable = this.#queues.flat().filter(({ isSendable }) => isSendable)
    for (const [leader, queues] of Map.groupBy(sendable, (queue) => queue.leader)) this.#pumpLeader(leader, queues)
  }

  #pumpLeader(leader: number, queues: readonly PartitionQueue[]): void {
    if (this.#failure !== undefined || this.#leaders.isThrottled(leader)) return
    while (this.#inFlightOf(leader) < inFlightMax) {
      const sent = takeBatches(queues)
      if (sent.length === 0) return
      this.#sendTo(leader, sent)
    }
  }

  #sendTo(leader: number, sent: readonly SentBatch[]): void {
    this.#inFlight.set(leader, this.#inFlightOf(leader) + 1)
    const { cluster, topics, transaction } = this.#options
    const batches = byTopic(sent, topics, (outgoing) => this.#seal(outgoing))
    const request = produceRequest(batches, transaction?.transactionalId ?? null)
    const life = this.#life
    const failed = (error: MillraceError) => {
      this.#landed(leader)
      // Whoever waits for the room of a request from an earlier life goes on now.
      if (life !== this.#life) return this.#pumpSoon()
      if (!error.retryable) return this.#fail(error)
      transaction?.onLost()
      for (const each of sent) this.#failedToStore(each, error, 'search')
      this.#pumpSoon()
    }
    cluster.connection(leader, 'produce').then((connection) => {
      connection.request({
        api: this.#version === 2 ? apis.joiningProduce : apis.produce,
        request,
        onResponse: (response) => {
          this.#landed(leader)
          connection.allow(response.throttleTimeMs)
          if (life === this.#life) this.#answered(leader, sent, response)
          this.#pumpSoon()
        },
        onFailed: failed,
      })
    }, failed)
  }

  #seal({ batch, sequence }: OutgoingBatch): Buffer {
    return batch.seal({ ...this.#identity, sequence, isTransactional: this.#options.transaction !== undefined })
  }

  #inFlightOf(leader: number): number {
    return this.#inFlight.get(leader) ?? 0
  }

  #landed(leader: number): void {
    const left = this.#inFlightOf(leader) - 1
    assert(left >= 0, 'a request is answered once')
    this.#inFlight.set(leader, left)
  }

  #answered(leader: number, sent: readonly SentBatch[], response: ProduceResponse): void {
    const { throttleTimeMs } = response
    const answers = answersIn(response)
    if (this.#failure === undefined) this.#leaders.throttle(leader, throttleTimeMs)
    for (const each of sent) {
      // An answer before may have been the end of all.
      if (this.#failure !== undefined) return
      const { sink, partition } = each.queue
      const { name } = this.#options.topics[sink]!
      const answer = answers.find((other) => other.topic === name && other.partition === partition)
      this.#judge(each, answer, `writing to topic "${name}", partition ${partition}`)
    }
    if (throttleTimeMs > 0) this.#options.onThrottled?.(throttleTimeMs)
  }

  #judge(sent: SentBatch, answer: ProduceAnswer | undefined, where: string): void {
    if (answer === undefined) {
      const error = new KafkaError('KAFKA_UNAVAILABLE', `${where}: the broker left it out`)
      return this.#failedToStore(sent, error, 'search')
    }
    const { transaction } = this.#options
    const { errorCode: code, errorMessage, topic, partition } = answer
    const verdict = verdictOn(code, {
      failures: sent.outgoing.failures,
      followsFailure: sent.queue.hasFailed,
      isTransactional: transaction !== undefined,
    })
    if (verdict === 'stored') return this.#stored(sent)
    // What it means is not known yet, so a commit that waits for the batch must not end with it.
    if (verdict === 'transaction') return transaction!.onRefused(code)
    const error = refusal(code, errorMessage === null ? where : `${where} (${errorMessage})`, { topic, partition })
    if (verdict === 'final') this.#fail(error)
    else this.#failedToStore(sent, error, verdict)
  }

  #stored({ queue, outgoing }: SentBatch): void {
    queue.stored(outgoing)
    this.#remedy(queue)
    this.#unstoredCount--
    assert(this.#unstoredCount >= 0, 'no more batches are stored than were sent')
    outgoing.onStored()
    if (this.#leaders.isWaiting && this.#queues.flat().every(({ isWell }) => isWell)) this.#leaders.recovered()
    if (this.#unstoredCount === 0) for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #failedToStore({ queue, outgoing }: SentBatch, error: MillraceError, remedy: Remedy): void {
    if (this.#failure !== undefined || !this.#leaders.failed(error, outgoing.queuedMs)) return
    queue.failed(outgoing, remedy)
    this.#remedy(queue)
  }

  /** Failed batches wait until their leader is known anew, or a little. */
  #remedy(queue: PartitionQueue): void {
    const failed = queue.putBack()
    if (failed === undefined) return
    if (failed.remedy === 'search') return this.#leaders.search()
    this.#options.cluster.clock.setTimer({ afterMs: soonDelayMs(failed.failures - 1) }, () => {
      // It may have gone on already, with leaders that were looked for on behalf of another one.
      if (queue.hasInFlight) return
      queue.resume()
      this.#pump()
    })
  }

  #resume(): void {
    for (const queue of this.#queues.flat()) {
      // What is in flight to the leader as it was known must be answered before the next batch goes to another one.
      if (queue.hasInFlight) continue
      queue.leader = this.#leaders.leaderOf(queue.sink, queue.partition)
      queue.resume()
    }
    this.#pump()
  }

  #overdue(cause: MillraceError): KafkaError {
    const { deadlineMs } = this.#options.cluster.retryPolicy
    const what = `records could not be written within ${deadlineMs} ms: ${cause.message}`
    return new KafkaError('KAFKA_DELIVERY_TIMEOUT', what, cause.details, cause)
  }

  #fail(error: MillraceError, isReported = true): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#leaders.stop()
    for (const resolve of this.#flushed.splice(0)) resolve()
    if (isReported) this.#options.onFailed(error)
  }
}
