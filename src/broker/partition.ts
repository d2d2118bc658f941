import { type ErrorCode, errorCode } from '../protocol/index.ts'
import type { AbortedTransaction } from './aborted-transaction.ts'
import type { BatchCodec } from './batch-codec.ts'
import { batchHeader } from './batch.ts'
import { Compactor } from './compactor.ts'
import { Log } from './log.ts'
import type { MemoryBudget } from './memory.ts'
import { type KnownProducer, ProducerStates } from './producer-states.ts'
import type { TopicConfig } from './topic-config.ts'
import { transactionMarker } from './transaction-marker.ts'

export type AppendResult =
  | { readonly error: typeof errorCode.none; readonly baseOffset: number; readonly logAppendTimeMs: number }
  | { readonly error: ErrorCode; readonly message?: string }

interface PartitionOptions {
  readonly index: number
  readonly topic: { readonly config: TopicConfig }
  readonly memory: MemoryBudget
  readonly leaderId: number
}

interface CompactionRules {
  readonly nowMs: number
  /** Records younger than this stay as they are. */
  readonly lagMs: number
  readonly deleteRetentionMs: number
}

/** One partition: its log, what it knows of the producers that write to it, and who waits for it to grow. */
export class Partition {
  readonly index: number
  readonly log: Log
  #leaderId: number
  #leaderEpoch = 0
  readonly #topic: PartitionOptions['topic']
  readonly #memory: MemoryBudget
  readonly #producers = new ProducerStates()
  readonly #compactor: Compactor
  /** The producers that have a transaction open here, with its first offset; the oldest comes first. */
  readonly #openTransactions = new Map<number, number>()
  #aborted: AbortedTransaction[] = []
  #isDeleted = false
  readonly #watchers = new Set<() => void>()

  constructor({ index, topic, memory, leaderId }: PartitionOptions) {
    this.index = index
    this.#topic = topic
    this.#leaderId = leaderId
    this.#memory = memory
    this.log = new Log(memory)
    this.#compactor = new Compactor(this.log)
  }

  get leaderId(): number {
    return this.#leaderId
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** Makes another broker the leader; those who wait at the old one learn of it. */
  moveLeader(nodeId: number): void {
    this.#leaderId = nodeId
    this.#leaderEpoch += 1
    this.#changed()
  }

  /** The end of what every reader may see; there is no replica to wait for. */
  get highWatermark(): number {
    return this.log.endOffset
  }

  /** The end of what a `read_committed` reader may see. */
  get lastStableOffset(): number {
    return this.#openTransactions.values().next().value ?? this.log.endOffset
  }

  /** The aborted transactions that have records between the offsets. */
  abortedBetween(startOffset: number, endOffset: number): AbortedTransaction[] {
    return this.#aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= startOffset && firstOffset < endOffset)
  }

  /** Whether a producer has written to a transaction that is still open here. */
  isInTransaction(producerId: number, epoch: number): boolean {
    return this.#openTransactions.has(producerId) && this.#producers.epochOf(producerId) === epoch
  }

  /** What is known of the producers that have written here, and where their open transactions begin (-1 for none). */
  *producers(): Generator<KnownProducer & { currentTxnStartOffset: number }> {
    for (const producer of this.#producers.all()) {
      yield { ...producer, currentTxnStartOffset: this.#openTransactions.get(producer.producerId) ?? -1 }
    }
  }

  /** Appends a checked batch of a producer; `isFirstZero` as `ProducerStates.judge` has it. */
  append(batch: Buffer, isFirstZero: boolean): AppendResult {
    const producerId = batchHeader.producerId(batch, 0)
    const isIdempotent = producerId >= 0
    const isTransactional = batchHeader.isTransactional(batch, 0)
    if (isIdempotent) {
      const verdict = this.#producers.judge(batch, isFirstZero)
      if (verdict.kind === 'refused') return { error: verdict.error }
      if (verdict.kind === 'duplicate') {
        // Kafka tells the time of a repeated batch whatever kind of time that is.
        return { error: errorCode.none, baseOffset: verdict.baseOffset, logAppendTimeMs: verdict.maxTimestamp }
      }
    }
    if (!isTransactional && this.#openTransactions.has(producerId)) return { error: errorCode.invalidTxnState }
    const baseOffset = this.log.append(batch, this.leaderEpoch)
    if (baseOffset === undefined) {
      const message = `the broker's memory limit of ${this.#memory.limitBytes} bytes is reached (memoryBytesMax)`
      return { error: errorCode.policyViolation, message }
    }
    if (isIdempotent) this.#producers.appended(batch, baseOffset)
    if (isTransactional && !this.#openTransactions.has(producerId)) this.#openTransactions.set(producerId, baseOffset)
    this.#changed()
    const logAppendTimeMs = batchHeader.isLogAppendTime(batch, 0) ? batchHeader.maxTimestamp(batch, 0) : -1
    return { error: errorCode.none, baseOffset, logAppendTimeMs }
  }

  /** Writes the marker that decides a producer's transaction, for readers and for the producer's later batches. */
  endTransaction(producerId: number, epoch: number, isCommit: boolean, timestampMs: number): void {
    if (this.#isDeleted) return
    const { isLogAppendTime } = this.#topic.config
    const marker = transactionMarker({ producerId, epoch, isCommit, timestampMs, isLogAppendTime })
    const lastOffset = this.log.appendMarker(marker, this.leaderEpoch)
    const firstOffset = this.#openTransactions.get(producerId)
    this.#openTransactions.delete(producerId)
    if (!isCommit && firstOffset !== undefined) this.#aborted.push({ producerId, firstOffset, lastOffset })
    this.#producers.ended(producerId, epoch, timestampMs)
    this.#changed()
  }

  /** Forgets the records before `offset`; what is before the start already stays forgotten. */
  deleteBefore(offset: number): void {
    if (offset <= this.log.startOffset) return
    this.log.advanceStart(offset)
    this.#aborted = this.#aborted.filter(({ lastOffset }) => lastOffset >= offset)
    this.#changed()
  }

  /** Forgets the oldest batches as long as they are too old, or the others enough; -1 keeps any age or size. */
  deleteOld({ nowMs, retentionMs, retentionBytes }: { nowMs: number; retentionMs: number; retentionBytes: number }) {
    const { log, lastStableOffset } = this
    let excessBytes = log.bytesBetween(log.startOffset, log.endOffset) - retentionBytes
    const offset = log.offsetAfter((batch) => {
      if (batchHeader.lastOffset(batch, 0) >= lastStableOffset) return false
      const maxTimestamp = batchHeader.maxTimestamp(batch, 0)
      excessBytes -= batch.length
      const isTooOld = retentionMs >= 0 && maxTimestamp >= 0 && nowMs - maxTimestamp > retentionMs
      return isTooOld || (retentionBytes >= 0 && excessBytes >= 0)
    })
    this.deleteBefore(offset)
  }

  /** Whether compaction would find nothing to do. */
  isCompacted(rules: CompactionRules): boolean {
    return !this.#compactor.hasWork({ nowMs: rules.nowMs, endOffset: this.#compactionEnd(rules) })
  }

  /** Keeps only the newest record of each key, except at the end of the log. */
  async compact(rules: CompactionRules & { readonly codec: BatchCodec }): Promise<void> {
    const removedMarkers = await this.#compactor.run({
      ...rules,
      endOffset: this.#compactionEnd(rules),
      aborted: this.#aborted,
      isLastOfProducer: (batch) => this.#producers.isLast(batch),
    })
    // Without its marker a reader would drop what the producer wrote next.
    this.#aborted = this.#aborted.filter(({ lastOffset }) => !removedMarkers.has(lastOffset))
  }

  /** Where the undecided, the young and the last batch begin, which compaction leaves alone. */
  #compactionEnd({ nowMs, lagMs }: CompactionRules): number {
    const { log, lastStableOffset } = this
    const oldEnough =
      lagMs === 0 ? log.endOffset : log.offsetAfter((batch) => nowMs - batchHeader.maxTimestamp(batch, 0) >= lagMs)
    return Math.min(lastStableOffset, log.lastBatchOffset, oldEnough)
  }

  /** Calls `onChange` whenever there may be more to read, until the returned function is called. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  /** Gives the memory back and wakes those who wait, who then find the partition gone. */
  delete(): void {
    this.#isDeleted = true
    this.log.free()
    this.#changed()
  }

  #changed(): void {
    for (const onChange of this.#watchers) onChange()
  }
}
