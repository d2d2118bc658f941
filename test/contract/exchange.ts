import { fetch, initProducerId, produce } from '../../src/protocol/index.ts'
import { type FetchedBatch, parseBatches } from './batches.ts'
import type { WireClient } from './wire-client.ts'

interface TopicNames {
  readonly name: string
  readonly id: string
}

interface ProduceOptions {
  version?: number
  acks?: number
  partition?: number
  transactionalId?: string | null
}

/** Produces to one partition and returns what was answered for it. */
export async function produceTo(
  client: WireClient,
  topic: TopicNames,
  records: Buffer | Buffer[],
  { version = 9, acks = -1, partition = 0, transactionalId = null }: ProduceOptions = {},
) {
  const partitionData = [{ index: partition, records: Array.isArray(records) ? records : [records] }]
  const topicData = [version >= 13 ? { topicId: topic.id, partitionData } : { name: topic.name, partitionData }]
  const { responses } = await client.call(produce, version, { transactionalId, acks, timeoutMs: 10_000, topicData })
  return responses[0]!.partitionResponses[0]!
}

interface FetchOptions {
  version?: number
  partition?: number
  offset?: number
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  partitionMaxBytes?: number
  isCommitted?: boolean
  currentLeaderEpoch?: number
}

/** Fetches one partition and returns what was answered for it. */
export async function fetchFrom(
  client: WireClient,
  topic: TopicNames,
  {
    version = 12,
    partition = 0,
    offset = 0,
    maxWaitMs = 0,
    minBytes = 1,
    maxBytes = 50_000_000,
    partitionMaxBytes = 10_000_000,
    isCommitted = false,
    currentLeaderEpoch = -1,
  }: FetchOptions = {},
) {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes, currentLeaderEpoch }]
  const { responses } = await client.call(fetch, version, {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel: isCommitted ? 1 : 0,
    topics: [version >= 13 ? { topicId: topic.id, partitions } : { topic: topic.name, partitions }],
  })
  return responses[0]!.partitions[0]!
}

/**
 * Reads a partition whole, the way a reader of the given isolation may see it before it drops aborted records. One
 * fetch ends at the end of a segment, and Kafka begins a new one when timestamps are weeks apart.
 */
export async function readAll(
  client: WireClient,
  topic: TopicNames,
  options: { isCommitted?: boolean; partition?: number; offset?: number } = {},
): Promise<{ batches: FetchedBatch[]; highWatermark: number; lastStableOffset: number }> {
  const batches: FetchedBatch[] = []
  for (;;) {
    const offset = batches.at(-1)?.endOffset ?? options.offset ?? 0
    const { records, highWatermark, lastStableOffset } = await fetchFrom(client, topic, { ...options, offset })
    const read = parseBatches(records)
    if (read.length === 0) return { batches, highWatermark, lastStableOffset }
    batches.push(...read)
  }
}

const coordinatorLoadInProgress = 14

/** Asks for a new idempotent producer. A Kafka that has just started has no ids ready for its first answers. */
export async function newProducerId(client: WireClient, version = 4) {
  for (;;) {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
    const { errorCode, producerId, producerEpoch } = await client.call(initProducerId, version, request)
    if (errorCode === 0) return { producerId, producerEpoch }
    if (errorCode !== coordinatorLoadInProgress) throw new Error(`InitProducerId answered ${errorCode}`)
  }
}
