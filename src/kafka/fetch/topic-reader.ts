import type { FetchedPartition } from '../../kernel/index.ts'
import { listOffsets } from '../admin/list-offsets.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { type FetchedResponse, Fetcher } from './fetcher.ts'
import { partitionsOf } from './topic-partition.ts'

const fetchBytes = 8 << 20
const partitionBytes = 1 << 20
const maxWaitMs = 500
/** The same where somebody waits for what is there. */
const urgentWaitMs = 10
const buffersPerLeader = 2

/** Where the log of each partition begins and ends. */
export interface TopicRange {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/**
 * What a topic has at the moment.
 *
 * @param isolation - By default all of it: whoever reads that waits for the transactions that are open. With
 * `read_committed` what is not after one of them, so that nobody has to wait.
 */
export async function topicRange(
  cluster: Cluster,
  topic: Topic,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted',
): Promise<TopicRange> {
  const [ends, starts] = await Promise.all([
    listOffsets(cluster, topic, 'latest', isolation),
    listOffsets(cluster, topic, 'earliest'),
  ])
  return { starts, ends }
}

/**
 * Reads a topic from `starts` to `ends`, as a `read_committed` consumer would, and gives on what comes in pieces of
 * record batches, one after the other; the last ones may reach over the ends. The bytes of a piece are valid until
 * `visit` returns, or its promise is settled.
 *
 * @param isUrgent - Whether it must not wait behind other fetches, which brokers hold back while there is nothing new.
 * @throws KafkaError, and what `visit` throws.
 */
export function readTopic(
  cluster: Cluster,
  topic: Topic,
  { starts, ends }: TopicRange,
  visit: (piece: FetchedPartition) => void | Promise<void>,
  isUrgent = false,
): Promise<void> {
  const positions = Array.from(starts)
  const isRead = () => ends.every((end, partition) => positions[partition]! >= end)
  if (isRead()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    let isEnded = false
    let visited = Promise.resolve()
    const end = (settle: () => void) => {
      isEnded = true
      fetcher.stop()
      settle()
    }
    const take = async ({ partitions, release }: FetchedResponse) => {
      if (isEnded) return
      for (const piece of partitions) {
        const visiting = visit(piece)
        if (visiting !== undefined) await visiting
        positions[piece.partition] = piece.nextOffset
      }
      release()
      if (isRead()) end(resolve)
    }
    const fetcher = new Fetcher(
      {
        cluster,
        partitions: partitionsOf(topic),
        ends,
        fetchBytes,
        partitionBytes,
        purpose: isUrgent ? 'urgent fetch' : undefined,
        maxWaitMs: isUrgent ? urgentWaitMs : maxWaitMs,
        buffersPerLeader,
        onFailed: reject,
        onFetched(response) {
          visited = visited.then(() => take(response)).catch((error: unknown) => end(() => reject(error)))
        },
      },
      positions,
    )
    fetcher.start([...positions.keys()].filter((partition) => positions[partition]! < ends[partition]!))
  })
}
