import { type EngineError, KafkaError } from '../core/errors.ts'
import type { Timer } from '../core/clock.ts'
import type { FetchedPartition } from '../kernel/index.ts'
import { byLeader } from './admin.ts'
import { brokerErrorName, brokerErrors, isRetryableCode, refusal } from './broker-error.ts'
import type { Cluster, Topic } from './cluster.ts'
import { type FetchResponsePartition, decodeFetch, encodeFetch, fetchApi, offsetBehind } from './fetch-protocol.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { retryDelayMs } from './retry.ts'

export interface FetcherOptions {
  cluster: Cluster
  topic: Topic
  /** Index that partition 0 has in the plan. */
  firstPartition: number
  /** Bytes of one response. */
  fetchBytes: number
  /** Bytes of one partition in a response. */
  partitionBytes: number
  /** Time a broker waits for records when there are none. */
  maxWaitMs: number
  /** Responses in flight and in use, per leader. */
  buffersPerLeader: number
  /** Takes a response over; `release` gives its memory back. */
  onFetched(response: FetchedResponse): void
  /** The source cannot be read any further. */
  onFailed(error: EngineError): void
}

/** Record batches of several partitions in one piece of memory, lent to the receiver until it calls `release`. */
export interface FetchedResponse {
  partitions: FetchedPartition[]
  readonly release: () => void
}

/**
 * Reads partitions of a topic from their leaders, all of a leader with one request at a time. The next request is sent
 * before the response at hand is given on, so the broker works while this process does. Reading stops by itself while
 * all buffers are in use: that is the backpressure.
 *
 * Connection failures and elections are waited out, at most for the cluster's retry time.
 */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #positions: Float64Array
  readonly #leaderEpochs: Int32Array
  readonly #leaders = new Map<number, LeaderLoop>()
  #topic: Topic
  #isStopped = false
  #isPaused = false
  /** Consecutive failures, and since when. */
  #failures = 0
  #failingSinceMs = 0
  #retryTimer: Timer | undefined
  readonly #orphans = new Set<number>()
  /** Per partition, the end of the log that was seen last, or -1. */
  readonly lastStableOffsets: Float64Array

  /** @param positions - The offset to read first, by partition. */
  constructor(options: FetcherOptions, positions: readonly number[]) {
    this.#options = options
    this.#topic = options.topic
    this.#positions = Float64Array.from(positions)
    this.#leaderEpochs = new Int32Array(positions.length).fill(-1)
    this.lastStableOffsets = new Float64Array(positions.length).fill(-1)
  }

  start(): void {
    this.#assign(this.#topic, this.#positions.keys())
  }

  /** No response is given on any more; those in use may still be released. */
  stop(): void {
    this.#isStopped = true
    this.#retryTimer?.cancel()
    this.#leaders.clear()
  }

  /** Sends no further requests until `resume`. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    for (const loop of this.#leaders.values()) this.#ask(loop)
  }

  #assign(topic: Topic, partitions: Iterable<number>): void {
    const wanted = new Set(partitions)
    this.#topic = topic
    topic.partitions.forEach(({ leaderEpoch }, partition) => (this.#leaderEpochs[partition] = leaderEpoch))
    for (const [leader, led] of byLeader(topic)) {
      const added = led.filter((partition) => wanted.has(partition))
      if (added.length === 0) continue
      const loop = this.#leaders.get(leader) ?? new LeaderLoop(leader, this.#options)
      this.#leaders.set(leader, loop)
      loop.partitions.push(...added)
      this.#ask(loop)
    }
  }

  #ask(loop: LeaderLoop): void {
    if (this.#isStopped || this.#isPaused || loop.isAsking || loop.partitions.length === 0) return
    const into = loop.spare.pop()
    if (into === undefined) return
    loop.isAsking = true
    const { cluster, fetchBytes, partitionBytes, maxWaitMs } = this.#options
    const asked = [...loop.partitions]
    cluster.connection(loop.leader, 'fetch').then(
      (connection) => {
        const body = encodeFetch({
          topicId: this.#topic.id,
          partitions: asked,
          positions: this.#positions,
          leaderEpochs: this.#leaderEpochs,
          maxWaitMs,
          responseBytes: fetchBytes,
          partitionBytes,
        })
        connection.request(fetchApi.key, fetchApi.version, [body], into, (error, filled, start) => {
          loop.isAsking = false
          if (error) {
            loop.spare.push(into)
            this.#leaderFailed(loop, error)
          } else this.#answered(loop, filled, start, into)
        })
      },
      (error: EngineError) => {
        loop.isAsking = false
        loop.spare.push(into)
        this.#leaderFailed(loop, error)
      },
    )
  }

  /** @param own - The loop's buffer; `filled` is another one where the response was too large for it. */
  #answered(loop: LeaderLoop, filled: ReceiveBuffer, start: number, own: ReceiveBuffer): void {
    if (this.#isStopped) return
    const response = decodeFetch(filled.buffer, start)
    if (response.errorCode !== brokerErrors.none) {
      loop.spare.push(own)
      return this.#leaderFailed(loop, refusal(response.errorCode, `fetching topic "${this.#topic.name}"`))
    }
    this.#failures = 0
    const fetched: FetchedPartition[] = []
    for (const answer of response.partitions) {
      if (answer.errorCode !== brokerErrors.none) this.#partitionFailed(loop, answer)
      else this.#take(loop, answer, filled, fetched)
      if (this.#isStopped) return
    }
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      loop.spare.push(own)
      this.#ask(loop)
    }
    if (response.throttleTimeMs > 0) {
      this.#options.cluster.clock.setTimer({ afterMs: response.throttleTimeMs }, () => this.#ask(loop))
    } else this.#ask(loop)
    if (fetched.length > 0) this.#options.onFetched({ partitions: fetched, release })
    else release()
  }

  #take(loop: LeaderLoop, answer: FetchResponsePartition, filled: ReceiveBuffer, fetched: FetchedPartition[]): void {
    const { partition, start, end } = answer
    this.lastStableOffsets[partition] = answer.lastStableOffset
    const next = offsetBehind(filled.view, start, end)
    if (next < 0) return
    fetched.push({
      partition: this.#options.firstPartition + partition,
      bytes: filled.buffer,
      view: filled.view,
      start,
      end,
      fromOffset: this.#positions[partition]!,
      nextOffset: next,
      aborted: answer.aborted,
    })
    this.#positions[partition] = next
    // The broker serves partitions in the order asked until the response is full: those that were served go last.
    const served = loop.partitions.indexOf(partition)
    if (served >= 0) loop.partitions.push(...loop.partitions.splice(served, 1))
  }

  #partitionFailed(loop: LeaderLoop, { partition, errorCode, logStartOffset }: FetchResponsePartition): void {
    const where = `topic "${this.#topic.name}", partition ${partition}`
    if (errorCode === brokerErrors.offsetOutOfRange) {
      const offset = this.#positions[partition]!
      return this.#fail(
        new KafkaError(
          'KAFKA_OFFSET_LOST',
          `${where}: offset ${offset} is not in the log, which starts at ${logStartOffset}`,
          { topic: this.#topic.name, partition, offset, logStartOffset },
        ),
      )
    }
    const mayPass = isRetryableCode(errorCode) || errorCode === brokerErrors.unknownTopicId
    if (!mayPass) return this.#fail(refusal(errorCode, `fetching ${where}`, { partition }))
    loop.partitions = loop.partitions.filter((other) => other !== partition)
    this.#reassignLater([partition], refusal(errorCode, `fetching ${where}`, { error: brokerErrorName(errorCode) }))
  }

  #leaderFailed(loop: LeaderLoop, error: EngineError): void {
    if (this.#isStopped) return
    if (!error.retryable) return this.#fail(error)
    if (this.#leaders.get(loop.leader) === loop) this.#leaders.delete(loop.leader)
    this.#reassignLater(loop.partitions, error)
    loop.partitions = []
  }

  /** Looks for the leaders of partitions anew, after a pause that grows. */
  #reassignLater(partitions: readonly number[], error: EngineError): void {
    const { clock, random, retryPolicy } = this.#options.cluster
    for (const partition of partitions) this.#orphans.add(partition)
    if (this.#retryTimer !== undefined) return
    if (this.#failures++ === 0) this.#failingSinceMs = clock.monotonicMs()
    if (clock.monotonicMs() - this.#failingSinceMs > retryPolicy.deadlineMs) return this.#fail(error)
    const afterMs = retryDelayMs(this.#failures, random)
    this.#retryTimer = clock.setTimer({ afterMs }, () => {
      this.#options.cluster.topics([this.#topic.name]).then(
        ([topic]) => this.#reassign(topic!),
        (cause: EngineError) => {
          this.#retryTimer = undefined
          if (this.#isStopped) return
          if (cause.retryable) this.#reassignLater([], cause)
          else this.#fail(cause)
        },
      )
    })
  }

  #reassign(topic: Topic): void {
    this.#retryTimer = undefined
    if (this.#isStopped) return
    if (topic.id !== this.#topic.id) {
      return this.#fail(
        new KafkaError('KAFKA_TOPIC_RECREATED', `topic "${topic.name}" was deleted and created anew`, {
          topic: topic.name,
        }),
      )
    }
    const orphans = [...this.#orphans]
    this.#orphans.clear()
    this.#assign(topic, orphans)
  }

  #fail(error: EngineError): void {
    if (this.#isStopped) return
    this.stop()
    this.#options.onFailed(error)
  }
}

/** What is read from one broker. */
class LeaderLoop {
  readonly leader: number
  partitions: number[] = []
  isAsking = false
  readonly spare: ReceiveBuffer[]

  constructor(leader: number, { buffersPerLeader, fetchBytes }: FetcherOptions) {
    this.leader = leader
    this.spare = Array.from({ length: buffersPerLeader }, () => new ReceiveBuffer(receiveBytes(fetchBytes)))
  }
}

/** Memory of one response: what was asked for, a batch that reaches over it, and what stands around the batches. */
export function receiveBytes(fetchBytes: number): number {
  return fetchBytes + (1 << 20)
}
