import { MillraceError, KafkaError } from '../../core/errors.ts'
import type { Timer } from '../../core/clock.ts'
import type { FetchedPartition } from '../../kernel/index.ts'
import { byLeader, listOffsets } from '../admin/list-offsets.ts'
import { apis } from '../network/apis.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusal, topicRecreated } from '../cluster/broker-error.ts'
import type { Wait } from '../cluster/broker-waits.ts'
import type { Cluster, Topic } from '../cluster/cluster.ts'
import {
  abortedIn,
  fetchRequest,
  type FetchResponse,
  type FetchResponsePartition,
  offsetBehind,
} from './fetch-protocol.ts'
import { ReceiveBuffer } from '../network/receive-buffer.ts'
import { retryDelayMs } from '../cluster/retry.ts'

export interface FetcherOptions {
  cluster: Cluster
  topic: Topic
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
  onFailed(error: MillraceError): void
}

/** Record batches of several partitions in one piece of memory, lent to the receiver until it calls `release`. */
export interface FetchedResponse {
  readonly partitions: readonly FetchedPartition[]
  readonly release: () => void
}

/**
 * Reads partitions of a topic from their leaders, all of a leader with one request at a time. The next request is sent
 * before the current response is given on, so the broker works while this process does. Reading stops by itself while
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
  /** Partitions without a leader loop. */
  readonly #orphans = new Set<number>()
  /** Since when partitions fail, until they are answered for without an error. */
  readonly #failingSinceMs = new Map<number, number>()
  /** Searches for leaders since all partitions were well. */
  #searches = 0
  /** While partitions fail. */
  #wait: Wait | undefined
  /** There is one search at a time; its timer stays until it has ended. */
  #searchTimer: Timer | undefined

  /** @param positions - The offset to read first, by partition. */
  constructor(options: FetcherOptions, positions: readonly number[]) {
    this.#options = options
    this.#topic = options.topic
    this.#positions = Float64Array.from(positions)
    this.#leaderEpochs = new Int32Array(positions.length).fill(-1)
  }

  /** Begins with all partitions, or some. */
  start(partitions: Iterable<number> = this.#positions.keys()): void {
    this.#assign(this.#topic, partitions)
  }

  /** No response is given on any more; those in use may still be released. */
  stop(): void {
    this.#isStopped = true
    this.#searchTimer?.cancel()
    this.#wait?.end()
    for (const loop of this.#leaders.values()) loop.throttle?.cancel()
    this.#leaders.clear()
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
    if (this.#isStopped || loop.isAsking || loop.throttle !== undefined || loop.partitions.length === 0) return
    const into = loop.spare.pop()
    if (into === undefined) return
    loop.isAsking = true
    const failed = (error: MillraceError) => {
      loop.isAsking = false
      loop.spare.push(into)
      this.#leaderFailed(loop, error)
    }
    this.#options.cluster.connection(loop.leader, 'fetch').then((connection) => {
      if (this.#isStopped) return
      connection.request({
        api: apis.fetch,
        request: this.#request(loop),
        into,
        onResponse: (response, filled) => {
          loop.isAsking = false
          this.#answered(loop, response, filled, into)
        },
        onFailed: failed,
      })
    }, failed)
  }

  #request({ partitions }: LeaderLoop) {
    const { fetchBytes, partitionBytes, maxWaitMs } = this.#options
    return fetchRequest({
      topicId: this.#topic.id,
      partitions,
      positions: this.#positions,
      leaderEpochs: this.#leaderEpochs,
      maxWaitMs,
      responseBytes: fetchBytes,
      partitionBytes,
    })
  }

  /** @param own - The loop's buffer; `filled` is another one where the response was too large for it. */
  #answered(loop: LeaderLoop, response: FetchResponse, filled: ReceiveBuffer, own: ReceiveBuffer): void {
    if (this.#isStopped) return
    if (response.errorCode !== errorCode.none) {
      loop.spare.push(own)
      return this.#leaderFailed(loop, refusal(response.errorCode, `fetching topic "${this.#topic.name}"`))
    }
    const fetched: FetchedPartition[] = []
    let isFirst = true
    for (const answer of response.responses.flatMap(({ partitions }) => partitions)) {
      if (answer.errorCode !== errorCode.none) this.#partitionFailed(loop, answer)
      else {
        this.#recovered(answer.partitionIndex)
        if (!answer.records?.length) continue
        this.#take(loop, answer, filled, { fetched, isFirst })
        isFirst = false
      }
      if (this.#isStopped) return
    }
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      loop.spare.push(own)
      this.#ask(loop)
    }
    if (response.throttleTimeMs > 0) this.#throttle(loop, response.throttleTimeMs)
    this.#ask(loop)
    if (fetched.length > 0) this.#options.onFetched({ partitions: fetched, release })
    else release()
  }

  /** A broker that throttles says how long it wants to be left alone. */
  #throttle(loop: LeaderLoop, throttleTimeMs: number): void {
    loop.throttle = this.#options.cluster.clock.setTimer({ afterMs: throttleTimeMs }, () => {
      loop.throttle = undefined
      this.#ask(loop)
    })
  }

  #take(
    loop: LeaderLoop,
    answer: FetchResponsePartition,
    { buffer: bytes, view }: ReceiveBuffer,
    { fetched, isFirst }: { fetched: FetchedPartition[]; isFirst: boolean },
  ): void {
    const { partitionIndex: partition, lastStableOffset } = answer
    const start = answer.records!.byteOffset
    const end = start + answer.records!.length
    const nextOffset = offsetBehind(view, start, end)
    if (nextOffset < 0) {
      // A response ends where it is full, but its first batch comes whole, however large.
      if (isFirst) this.#fail(this.#corrupt(partition))
      return
    }
    fetched.push({
      partition,
      bytes,
      view,
      start,
      end,
      fromOffset: this.#positions[partition]!,
      nextOffset,
      endOffset: lastStableOffset,
      aborted: abortedIn(answer),
    })
    this.#positions[partition] = nextOffset
    // The broker serves partitions in the order asked until the response is full: those that were served go last.
    const served = loop.partitions.indexOf(partition)
    if (served >= 0) loop.partitions.push(...loop.partitions.splice(served, 1))
  }

  #recovered(partition: number): void {
    if (this.#failingSinceMs.size === 0) return
    this.#failingSinceMs.delete(partition)
    if (this.#failingSinceMs.size > 0) return
    this.#searches = 0
    this.#wait?.end()
    this.#wait = undefined
  }

  #corrupt(partition: number): KafkaError {
    const offset = this.#positions[partition]!
    return new KafkaError(
      'KAFKA_BATCH_CORRUPT',
      `topic "${this.#topic.name}", partition ${partition}: the batch at offset ${offset} has a wrong length`,
      { topic: this.#topic.name, partition, offset },
    )
  }

  #partitionFailed(loop: LeaderLoop, { partitionIndex: partition, errorCode: code }: FetchResponsePartition): void {
    loop.partitions = loop.partitions.filter((other) => other !== partition)
    if (code === errorCode.offsetOutOfRange) return void this.#offsetLost(partition)
    const error = refusal(code, `fetching topic "${this.#topic.name}", partition ${partition}`, { partition })
    if (error.retryable) this.#reassignLater([partition], error)
    else this.#fail(error)
  }

  /** Brokers do not say where the log is instead, so that is asked for. */
  async #offsetLost(partition: number): Promise<void> {
    const { cluster } = this.#options
    const topic = this.#topic.name
    const offset = this.#positions[partition]!
    try {
      const [starts, ends] = await Promise.all([
        listOffsets(cluster, this.#topic, 'earliest'),
        listOffsets(cluster, this.#topic, 'latest'),
      ])
      const [logStart, logEnd] = [starts[partition]!, ends[partition]!]
      const what = `offset ${offset} is not in the log, which reaches from ${logStart} to ${logEnd}`
      const details = { topic, partition, offset, logStart, logEnd }
      this.#fail(new KafkaError('KAFKA_OFFSET_LOST', `topic "${topic}", partition ${partition}: ${what}`, details))
    } catch (error) {
      this.#fail(error as MillraceError)
    }
  }

  #leaderFailed(loop: LeaderLoop, error: MillraceError): void {
    if (this.#isStopped) return
    if (!error.retryable) return this.#fail(error)
    this.#reassignLater(loop.partitions.splice(0), error)
  }

  /** Looks for the leaders of partitions anew, after a pause that grows. */
  #reassignLater(partitions: readonly number[], error: MillraceError): void {
    const { cluster } = this.#options
    const nowMs = cluster.clock.monotonicMs()
    for (const partition of partitions) {
      this.#orphans.add(partition)
      if (!this.#failingSinceMs.has(partition)) this.#failingSinceMs.set(partition, nowMs)
    }
    const oldestMs = Math.min(...this.#failingSinceMs.values())
    if (nowMs - oldestMs > cluster.retryPolicy.deadlineMs) return this.#fail(error)
    this.#wait ??= cluster.waits.begin(`reading topic "${this.#topic.name}"`)
    this.#wait.failed(error)
    const afterMs = retryDelayMs(this.#searches, cluster.random)
    this.#searchTimer ??= cluster.clock.setTimer({ afterMs }, () => void this.#search())
  }

  async #search(): Promise<void> {
    this.#searches++
    try {
      const [topic] = await this.#options.cluster.topicsOnce([this.#topic.name])
      this.#searchTimer = undefined
      this.#reassign(topic!)
    } catch (error) {
      this.#searchTimer = undefined
      if (this.#isStopped) return
      if (MillraceError.is(error) && error.retryable) this.#reassignLater([], error)
      else this.#fail(error as MillraceError)
    }
  }

  #reassign(topic: Topic): void {
    if (topic.id !== this.#topic.id) return this.#fail(topicRecreated(topic.name))
    const orphans = [...this.#orphans]
    this.#orphans.clear()
    this.#assign(topic, orphans)
  }

  #fail(error: MillraceError): void {
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
  /** Set while the broker wants to be left alone. */
  throttle: Timer | undefined
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
