import { type MillraceError, KafkaError } from '../../core/errors.ts'
import type { FetchedPartition } from '../../kernel/index.ts'
import { byLeader } from '../admin/list-offsets.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { LeaderTracker } from '../cluster/leader-tracker.ts'
import { fetchedPartition, fetchRequest, type FetchResponsePartition } from './fetch-protocol.ts'
import { type FetchAnswer, LeaderLoop } from './leader-loop.ts'
import { offsetLost } from './offset-lost.ts'

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
  readonly #leaders: LeaderTracker
  readonly #loops = new Map<number, LeaderLoop>()
  #topic: Topic
  #isStopped = false
  /** Partitions without a leader loop. */
  readonly #orphans = new Set<number>()
  /** Since when partitions fail, until they are answered for without an error. */
  readonly #failingSinceMs = new Map<number, number>()

  /** @param positions - The offset to read first, by partition. */
  constructor(options: FetcherOptions, positions: readonly number[]) {
    const { cluster, topic } = options
    this.#options = options
    this.#topic = topic
    this.#positions = Float64Array.from(positions)
    this.#leaderEpochs = new Int32Array(positions.length).fill(-1)
    this.#leaders = new LeaderTracker({
      cluster,
      topics: [topic],
      what: `reading topic "${topic.name}"`,
      oldestMs: () => this.#oldestMs(),
      onFound: ([found]) => this.#reassign(found!),
      onFree: (leader) => this.#loops.get(leader)?.ask(),
      onFailed: (error) => this.#fail(error),
    })
  }

  /** Begins with all partitions, or some. */
  start(partitions: Iterable<number> = this.#positions.keys()): void {
    this.#assign(this.#topic, partitions)
  }

  /** No response is given on any more; those in use may still be released. */
  stop(): void {
    this.#isStopped = true
    this.#leaders.stop()
    for (const loop of this.#loops.values()) loop.stop()
    this.#loops.clear()
  }

  #assign(topic: Topic, partitions: Iterable<number>): void {
    const wanted = new Set(partitions)
    this.#topic = topic
    topic.partitions.forEach(({ leaderEpoch }, partition) => (this.#leaderEpochs[partition] = leaderEpoch))
    for (const [leader, led] of byLeader(topic)) {
      const added = led.filter((partition) => wanted.has(partition))
      if (added.length === 0) continue
      const loop = this.#loops.get(leader) ?? this.#newLoop(leader)
      this.#loops.set(leader, loop)
      loop.add(added)
      loop.ask()
    }
  }

  #newLoop(leader: number): LeaderLoop {
    const { cluster, buffersPerLeader, fetchBytes } = this.#options
    return new LeaderLoop({
      cluster,
      leader,
      buffers: buffersPerLeader,
      fetchBytes,
      isThrottled: (throttled) => this.#leaders.isThrottled(throttled),
      requestOf: (partitions) => this.#request(partitions),
      onAnswered: (loop, answer) => this.#answered(loop, answer),
      onFailed: (loop, error) => this.#leaderFailed(loop, error),
    })
  }

  #request(partitions: readonly number[]) {
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

  #answered(loop: LeaderLoop, { response, filled, release }: FetchAnswer): void {
    if (response.errorCode !== errorCode.none) {
      this.#leaderFailed(loop, refusal(response.errorCode, `fetching topic "${this.#topic.name}"`))
      return release()
    }
    const fetched: FetchedPartition[] = []
    let isFirst = true
    for (const answer of response.responses.flatMap(({ partitions }) => partitions)) {
      if (answer.errorCode !== errorCode.none) this.#partitionFailed(loop, answer)
      else {
        this.#recovered(answer.partitionIndex)
        if (!answer.records?.length) continue
        const piece = fetchedPartition(answer, filled, this.#positions[answer.partitionIndex]!)
        if (piece !== undefined) fetched.push(this.#advance(loop, piece))
        // A response ends where it is full, but its first batch comes whole, however large.
        else if (isFirst) this.#fail(this.#corrupt(answer.partitionIndex))
        isFirst = false
      }
      if (this.#isStopped) return
    }
    this.#leaders.throttle(loop.leader, response.throttleTimeMs)
    loop.ask()
    if (fetched.length > 0) this.#options.onFetched({ partitions: fetched, release })
    else release()
  }

  #advance(loop: LeaderLoop, piece: FetchedPartition): FetchedPartition {
    this.#positions[piece.partition] = piece.nextOffset
    loop.moveLast(piece.partition)
    return piece
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
    loop.remove(partition)
    if (code === errorCode.offsetOutOfRange) return void this.#offsetLost(partition)
    const error = refusal(code, `fetching topic "${this.#topic.name}", partition ${partition}`, { partition })
    this.#reassignLater([partition], error)
  }

  async #offsetLost(partition: number): Promise<void> {
    try {
      this.#fail(await offsetLost(this.#options.cluster, this.#topic, partition, this.#positions[partition]!))
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

  #reassign(topic: Topic): void {
    const orphans = [...this.#orphans]
    this.#orphans.clear()
    this.#assign(topic, orphans)
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
