import type { FetchedPartition } from '../../kernel/index.ts'
import { listOffsets } from '../admin/list-offsets.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { Fetcher } from './fetcher.ts'
import { partitionsOf } from './topic-partition.ts'

const fetchBytes = 8 << 20
const partitionBytes = 1 << 20
const maxWaitMs = 500
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
 * record batches; the last ones may reach over the ends. The bytes of a piece are valid until `visit` returns.
 *
 * @throws KafkaError, and what `visit` throws.
 */
export function readTopic(
  cluster: Cluster,
  topic: Topic,
  { starts, ends }: TopicRange,
  visit: (piece: FetchedPartition) => void,
): Promise<void> {
  const positions = Array.from(starts)
  const isRead = () => ends.every((end, partition) => positions[partition]! >= end)
  if (isRead()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const fetcher = new Fetcher(
      {
        cluster,
        partitions: partitionsOf(topic),
        fetchBytes,
        partitionBytes,
        maxWaitMs,
        buffersPerLeader,
        onFailed: reject,
        onFetched({ partitions, release }) {
          try {
            for (const piece of partitions) {
              visit(piece)
              positions[piece.partition] = piece.nextOffset
            }
          } catch (error) {
            fetcher.stop()
            return reject(error)
          }
          release()
          if (!isRead()) return
          fetcher.stop()
          resolve()
        },
      },
      positions,
    )
    fetcher.start([...positions.keys()].filter((partition) => positions[partition]! < ends[partition]!))
  })
}
