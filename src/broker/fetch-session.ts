import { type ErrorCode, errorCode } from '../protocol/index.ts'

/** One partition as a fetch asks for it. */
export interface WantedPartition {
  /** The name, in versions that have it. */
  readonly topic: string
  /** The id, in versions that have it. */
  readonly topicId: string
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
}

/** What was found of one partition, as far as a session compares it. */
export interface PartitionFound {
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  readonly errorCode: ErrorCode
  readonly highWatermark?: number
  readonly logStartOffset?: number
  readonly records: readonly Buffer[]
}

interface SessionPartition {
  wanted: WantedPartition
  highWatermark: number
  logStartOffset: number
}

const firstEpoch = 1
const epochMax = 0x7fffffff
const unknown = -1

/**
 * What a client and the broker both know of a row of fetches: each request names only the partitions that it wants
 * otherwise than before, each answer only those that changed.
 *
 * @see KIP-227
 */
export class FetchSession {
  readonly id: number
  /** Whether its topics are named by id; that cannot change. */
  readonly isById: boolean
  /** The epoch of the request that has to come next. */
  epoch = firstEpoch
  usedAtMs: number
  /** In the order in which they are read: those that gave records last come last, so none starves. */
  readonly #partitions = new Map<string, SessionPartition>()

  constructor(id: number, isById: boolean, nowMs: number) {
    this.id = id
    this.isById = isById
    this.usedAtMs = nowMs
  }

  get partitionCount(): number {
    return this.#partitions.size
  }

  get wanted(): WantedPartition[] {
    return Array.from(this.#partitions.values(), ({ wanted }) => wanted)
  }

  advanceEpoch(): void {
    this.epoch = this.epoch === epochMax ? firstEpoch : this.epoch + 1
  }

  /** Adds a partition, or changes what is wanted of it. */
  want(wanted: WantedPartition): void {
    const key = keyOf(wanted, wanted.partition)
    const known = this.#partitions.get(key)
    if (known === undefined) this.#partitions.set(key, { wanted, highWatermark: unknown, logStartOffset: unknown })
    else known.wanted = wanted
  }

  forget(topic: { topic: string; topicId: string }, partition: number): void {
    this.#partitions.delete(keyOf(topic, partition))
  }

  /** Picks out what the client does not know yet, and takes it for known from now on. */
  news<Found extends PartitionFound>(results: readonly Found[]): Found[] {
    return results.filter((found) => {
      const key = keyOf(found, found.partitionIndex)
      const known = this.#partitions.get(key)
      // Gone: another request of this session forgot it while this one waited.
      if (known === undefined) return true
      const { highWatermark = unknown, logStartOffset = unknown } = found
      const hasRecords = found.records.length > 0
      const isFailed = found.errorCode !== errorCode.none
      const isNew =
        hasRecords || isFailed || highWatermark !== known.highWatermark || logStartOffset !== known.logStartOffset
      // After an error even an unchanged partition is news: that it is well again.
      known.highWatermark = isFailed ? unknown : highWatermark
      known.logStartOffset = logStartOffset
      if (hasRecords) {
        this.#partitions.delete(key)
        this.#partitions.set(key, known)
      }
      return isNew
    })
  }
}

/** Only one of name and id is there, as the version has it. */
function keyOf({ topic, topicId }: { topic: string; topicId: string }, partition: number): string {
  return `${partition} ${topic} ${topicId}`
}
