import type { AbortedTransaction, FetchedPartition } from '../../kernel/index.ts'
import type { fetch, RequestInputOf, ResponseOf } from '../../protocol/index.ts'
import { topicUuid } from '../cluster/topic-id.ts'
import type { ReceiveBuffer } from '../network/receive-buffer.ts'

export interface FetchRequest {
  /** UUID in its usual text form. */
  topicId: string
  /** Partitions in the order in which the broker should serve them. */
  partitions: readonly number[]
  /** Next offset by partition. */
  positions: Float64Array
  leaderEpochs: Int32Array
  maxWaitMs: number
  /** Bytes of a whole response; one batch larger than that is sent all the same. */
  responseBytes: number
  partitionBytes: number
}

const readCommitted = 1

export type FetchResponse = ResponseOf<typeof fetch>
export type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number]

export function fetchRequest(request: FetchRequest): RequestInputOf<typeof fetch> {
  const { topicId, positions, leaderEpochs, maxWaitMs, responseBytes, partitionBytes } = request
  const partitions = request.partitions.map((partition) => ({
    partition,
    currentLeaderEpoch: leaderEpochs[partition]!,
    fetchOffset: positions[partition]!,
    partitionMaxBytes: partitionBytes,
  }))
  return {
    maxWaitMs,
    minBytes: 1,
    maxBytes: responseBytes,
    isolationLevel: readCommitted,
    topics: [{ topicId: topicUuid(topicId), partitions }],
  }
}

/** The complete batches of a partition's answer, which has some bytes; undefined where no batch came whole. */
export function fetchedPartition(
  answer: FetchResponsePartition,
  { buffer: bytes, view }: ReceiveBuffer,
  fromOffset: number,
): FetchedPartition | undefined {
  const start = answer.records!.byteOffset
  const end = start + answer.records!.length
  const nextOffset = offsetBehind(view, start, end)
  if (nextOffset < 0) return undefined
  const { partitionIndex: partition, lastStableOffset: endOffset } = answer
  return { partition, bytes, view, start, end, fromOffset, nextOffset, endOffset, aborted: abortedIn(answer) }
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
