import type { AbortedTransaction, FetchedPartition } from '../../kernel/index.ts'
import type { fetch, RequestInputOf, ResponseOf } from '../../protocol/index.ts'
import type { Topic } from '../cluster/topic.ts'
import { topicUuid } from '../cluster/topic-id.ts'
import type { ReceiveBuffer } from '../network/receive-buffer.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface FetchRequest {
  partitions: readonly TopicPartition[]
  /** Indexes of those that are asked for, in the order in which the broker should serve them. */
  order: readonly number[]
  /** Next offset by index of the partition. */
  positions: Float64Array
  leaderEpochs: Int32Array
  maxWaitMs: number
  /** Bytes of a whole response; one batch larger than that is sent all the same. */
  responseBytes: number
  /** Of a partition, by its index. */
  partitionBytesOf: (index: number) => number
}

const readCommitted = 1

export type FetchResponse = ResponseOf<typeof fetch>
export type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number]

export function fetchRequest(request: FetchRequest): RequestInputOf<typeof fetch> {
  const { maxWaitMs, responseBytes } = request
  return {
    maxWaitMs,
    minBytes: 1,
    maxBytes: responseBytes,
    isolationLevel: readCommitted,
    topics: inOrder(request),
  }
}

/** The complete batches of the answer for a partition, which has some bytes; undefined where no batch came whole. */
export function fetchedPartition(
  partition: number,
  answer: FetchResponsePartition,
  { buffer: bytes, view }: ReceiveBuffer,
  fromOffset: number,
): FetchedPartition | undefined {
  const start = answer.records!.byteOffset
  const end = start + answer.records!.length
  const nextOffset = offsetBehind(view, start, end)
  if (nextOffset < 0) return undefined
  const { lastStableOffset: endOffset } = answer
  return { partition, bytes, view, start, end, fromOffset, nextOffset, endOffset, aborted: abortedIn(answer) }
}

/** Neighbours of one topic stand together; a topic comes again where another one is to be served in between. */
function inOrder({ partitions, order, positions, leaderEpochs, partitionBytesOf }: FetchRequest) {
  const topics: RequestInputOf<typeof fetch>['topics'][number][] = []
  let last: Topic | undefined
  for (const index of order) {
    const { topic, partition } = partitions[index]!
    if (topic !== last) topics.push({ topicId: topicUuid(topic.id), partitions: [] })
    last = topic
    const asked = topics.at(-1)!.partitions as RequestInputOf<typeof fetch>['topics'][number]['partitions'][number][]
    asked.push({
      partition,
      currentLeaderEpoch: leaderEpochs[index]!,
      fetchOffset: positions[index]!,
      partitionMaxBytes: partitionBytesOf(index),
    })
  }
  return topics
}

/** The transactions whose records in an answer are left out. */
function abortedIn({ abortedTransactions }: FetchResponsePartition): AbortedTransaction[] {
  return (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
    producerId: BigInt(producerId),
    firstOffset,
  }))
}

/** The offset after the last complete batch of a range, or -1 when there is none. Reads headers only. */
export function offsetBehind(view: DataView, start: number, end: number): number {
  let next = -1
  for (let at = start; at + 27 <= end;) {
    const batchEnd = at + 12 + view.getInt32(at + 8)
    if (batchEnd > end || batchEnd <= at) break
    next = view.getInt32(at) * 4294967296 + view.getUint32(at + 4) + view.getInt32(at + 23) + 1
    at = batchEnd
  }
  return next
}

/** Records in the complete batches of a range, by what their headers say. */
export function recordsIn(view: DataView, start: number, end: number): number {
  let records = 0
  for (let at = start; at + 61 <= end;) {
    const batchEnd = at + 12 + view.getInt32(at + 8)
    if (batchEnd > end || batchEnd <= at) break
    records += view.getInt32(at + 57)
    at = batchEnd
  }
  return records
}
