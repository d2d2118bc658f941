import { type MillraceError, KafkaError } from '../../core/errors.ts'
import type { FetchedPartition } from '../../kernel/index.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { LeaderTracker } from '../cluster/leader-tracker.ts'
import { topicUuid } from '../cluster/topic-id.ts'
import { fetchedPartition, fetchRequest } from './fetch-protocol.ts'
import { type FetchAnswer, LeaderLoop } from './leader-loop.ts'
import { offsetLost } from './offset-lost.ts'
import type { RecordRate } from './record-rate.ts'
import { ThrottledPartitions } from './throttled-partitions.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface FetcherOptions {
  cluster: Cluster
  /** What is read: a partition is given on under its index here. */
  partitions: readonly TopicPartition[]
  /** Those of one purpose share a connection, where a request that is held back delays the next. @defaultValue `fetch` */
  purpose?: string | undefined
  /** Bytes of one response. */
  fetchBytes: number
  /** Bytes of one partition in a response. */
  partitionBytes: number
  /**
   * Offsets from which on partitions are not asked for, by their index: what a broker would hold back because nothing
   * follows would delay whoever reads next over the same connection. @defaultValue they are read for ever
   */
  ends?: readonly number[] | undefined
  /** How fast partitions may be read, by their index; those of a source share one. @defaultValue as fast as can be */
  rates?: readonly (RecordRate | undefined)[] | undefined
  /** Time a broker waits for records when there are none. */
  maxWaitMs: number
  /** Responses in flight and in use, per leader. */
  buffersPerLeader: number
  /** Whether threads see the memory of responses. @defaultValue false */
  isShared?: boolean | undefined
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
 * Reads partitions of topics from their leaders, all of a leader with one request at a time. The next request is sent
 * before the current response is given on, so the broker works while this process does. Reading stops by itself while
 * all buffers are in use: that is the backpressure.
 *
 * Connection failures and elections are waited out, at most for the cluster's retry time.
 */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #positions: Float64Array
  readonly #leaderEpochs: Int32Array
  readonly #leaders: LeaderTracker
  readonly #loops = new Map<number, LeaderLoop>()
  /** As they were asked for last, by name. */
  readonly #topics: Map<string, Topic>
  /** By topic id in the form of the protocol, the index of each of its partitions. */
  readonly #indexes = new Map<string, number[]>()
  #isStopped = false
  /** Absent where nothing bounds how fast any is read. */
  readonly #throttled: ThrottledPartitions | undefined
  /** Partitions without a leader loop. */
  readonly #orphans = new Set<number>()
  /** Since when partitions fail, until they are answered for without an error. */
  readonly #failingSinceMs = new Map<number, number>()

  /** @param positions - The offset to read first, by index of the partition. */
  constructor(options: FetcherOptions, positions: readonly number[]) {
    const { cluster, partitions, rates } = options
    this.#options = options
    this.#throttled = rates?.some((rate) => rate !== undefined)
      ? new ThrottledPartitions(cluster.clock, rates, () => this.#loops.forEach((loop) => loop.ask()))
      : undefined
    this.#topics = new Map(partitions.map(({ topic }) => [topic.name, topic]))
    for (const [index, { topic, partition }] of partitions.entries()) {
      const id = topicUuid(topic.id)
      const indexes = this.#indexes.get(id) ?? []
      indexes[partition] = index
      this.#indexes.set(id, indexes)
    }
    this.#positions = Float64Array.from(positions)
    this.#leaderEpochs = new Int32Array(positions.length).fill(-1)
    this.#leaders = new LeaderTracker({
      cluster,
      topics: [...this.#topics.values()],
      what: `reading ${this.#names}`,
      oldestMs: () => this.#oldestMs(),
      onFound: (topics) => this.#reassign(topics),
      onFree: (leader) => this.#loops.get(leader)?.ask(),
      onFailed: (error) => this.#fail(error),
    })
  }

  /** Begins with all partitions, or some. */
  start(partitions: Iterable<number> = this.#positions.keys()): void {
    this.#assign(partitions)
  }

  /** No response is given on any more; those in use may still be released. */
  stop(): void {
    this.#isStopped = true
    this.#leaders.stop()
    this.#throttled?.stop()
    for (const loop of this.#loops.values()) loop.stop()
    this.#loops.clear()
  }

  #assign(partitions: Iterable<number>): void {
    const led = new Map<number, number[]>()
    for (const index of partitions) {
      const { topic, partition } = this.#options.partitions[index]!
      const { leader, leaderEpoch } = this.#topics.get(topic.name)!.partitions[partition]!
      this.#leaderEpochs[index] = leaderEpoch
      const added = led.get(leader)
      if (added === undefined) led.set(leader, [index])
      else added.push(index)
    }
    for (const [leader, added] of led) {
      const loop = this.#loops.get(leader) ?? this.#newLoop(leader)
      this.#loops.set(leader, loop)
      loop.add(added)
      loop.ask()
    }
  }

  #newLoop(leader: number): LeaderLoop {
    const { cluster, purpose, buffersPerLeader, fetchBytes, isShared } = this.#options
    return new LeaderLoop({
      cluster,
      purpose,
      leader,
      buffers: buffersPerLeader,
      fetchBytes,
      isShared,
      isThrottled: (throttled) => this.#leaders.isThrottled(throttled),
      // One that fails is asked for, because only an answer says that it does not any more.
      openOf: (led) => this.#throttled?.open(led, (index) => this.#failingSinceMs.has(index)) ?? led,
      requestOf: (order) => this.#request(order),
      onAnswered: (loop, answer) => this.#answered(loop, answer),
      onFailed: (loop, error) => this.#leaderFailed(loop, error),
    })
  }

  #request(order: readonly number[]) {
    const { partitions, fetchBytes, partitionBytes, maxWaitMs } = this.#options
    return fetchRequest({
      partitions,
      order,
      positions: this.#positions,
      leaderEpochs: this.#leaderEpochs,
      maxWaitMs,
      responseBytes: fetchBytes,
      partitionBytesOf: (index) => this.#throttled?.bytesOf(index, partitionBytes) ?? partitionBytes,
    })
  }

  #answered(loop: LeaderLoop, { response, filled, release }: FetchAnswer): void {
    if (response.errorCode !== errorCode.none) {
      this.#leaderFailed(loop, refusal(response.errorCode, `fetching ${this.#names}`))
      return release()
    }
    const fetched: FetchedPartition[] = []
    let isFirst = true
    for (const { topicId, partitions } of response.responses) {
      const indexes = this.#indexes.get(topicId)!
      for (const answer of partitions) {
        const index = indexes[answer.partitionIndex]!
        if (answer.errorCode !== errorCode.none) this.#partitionFailed(loop, index, answer.errorCode)
        else {
          this.#recovered(index)
          if (!answer.records?.length) continue
          const piece = fetchedPartition(index, answer, filled, this.#positions[index]!)
          if (piece !== undefined) fetched.push(this.#advance(loop, piece))
          // A response ends where it is full, but its first batch comes whole, however large.
          else if (isFirst) this.#fail(this.#corrupt(index))
          isFirst = false
        }
        if (this.#isStopped) return
      }
    }
    this.#leaders.throttle(loop.leader, response.throttleTimeMs)
    loop.ask()
    if (fetched.length > 0) this.#options.onFetched({ partitions: fetched, release })
    else release()
  }

  #advance(loop: LeaderLoop, piece: FetchedPartition): FetchedPartition {
    this.#positions[piece.partition] = piece.nextOffset
    this.#throttled?.read(piece)
    const { ends } = this.#options
    if (ends !== undefined && piece.nextOffset >= ends[piece.partition]!) loop.remove(piece.partition)
    else loop.moveLast(piece.partition)
    return piece
  }

  #corrupt(index: number): KafkaError {
    const offset = this.#positions[index]!
    const { topic, partition } = this.#options.partitions[index]!
    return new KafkaError(
      'KAFKA_BATCH_CORRUPT',
      `topic "${topic.name}", partition ${partition}: the batch at offset ${offset} has a wrong length`,
      { topic: topic.name, partition, offset },
    )
  }

  #partitionFailed(loop: LeaderLoop, index: number, code: number): void {
    loop.remove(index)
    if (code === errorCode.offsetOutOfRange) return void this.#offsetLost(index)
    const { topic, partition } = this.#options.partitions[index]!
    const error = refusal(code, `fetching topic "${topic.name}", partition ${partition}`, { partition })
    this.#reassignLater([index], error)
  }

  async #offsetLost(index: number): Promise<void> {
    const { cluster, partitions } = this.#options
    const { topic, partition } = partitions[index]!
    try {
      this.#fail(await offsetLost(cluster, topic, partition, this.#positions[index]!))
    } catch (error) {
      this.#fail(error as MillraceError)
    }
  }

  #leaderFailed(loop: LeaderLoop, error: MillraceError): void {
    this.#reassignLater(loop.removeAll(), error)
  }

  /** Has the leaders of partitions looked for anew, unless the error is one that does not pass. */
  #reassignLater(partitions: readonly number[], error: MillraceError): void {
    if (!error.retryable) return this.#fail(error)
    const nowMs = this.#options.cluster.clock.monotonicMs()
    for (const partition of partitions) {
      this.#orphans.add(partition)
      if (!this.#failingSinceMs.has(partition)) this.#failingSinceMs.set(partition, nowMs)
    }
    if (this.#leaders.failed(error, this.#oldestMs())) this.#leaders.search()
  }

  #reassign(topics: readonly Topic[]): void {
    for (const topic of topics) this.#topics.set(topic.name, topic)
    const orphans = [...this.#orphans]
    this.#orphans.clear()
    this.#assign(orphans)
  }

  /** The topics, for a person. */
  get #names(): string {
    const names = Array.from(this.#topics.keys(), (name) => `"${name}"`)
    return `${names.length === 1 ? 'topic' : 'topics'} ${names.join(', ')}`
  }

  #recovered(partition: number): void {
    if (this.#failingSinceMs.size === 0) return
    this.#failingSinceMs.delete(partition)
    if (this.#failingSinceMs.size === 0) this.#leaders.recovered()
  }

  /** Since when the partition fails that fails longest. */
  #oldestMs(): number {
    return Math.min(...this.#failingSinceMs.values())
  }

  #fail(error: MillraceError): void {
    if (this.#isStopped) return
    this.stop()
    this.#options.onFailed(error)
  }
}
