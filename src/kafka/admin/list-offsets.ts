import { apis } from '../network/apis.ts'
import { accepted } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Topic } from '../cluster/topic.ts'
import { withRetries } from '../cluster/retry.ts'
import { byLeader } from './by-leader.ts'

/** Which end of a partition `listOffsets` asks for, as the protocol's timestamps that are none. */
const logEnds = { earliest: -2, latest: -1 } as const
const isolationLevels = { read_uncommitted: 0, read_committed: 1 } as const
/** What a client is that is no replica. */
const noReplica = -1
const timeoutMs = 30_000

/** The first record that is not older, in milliseconds since 1970; where there is none, the end of the partition. */
export interface OffsetByTime {
  readonly timestampMs: number
}

/**
 * First or next offset of each partition of a topic, or of a time. Partitions that it was given since it was read are
 * not asked for.
 *
 * @param isolation - With `read_committed`, latest is the last stable offset.
 */
export function listOffsets(
  cluster: Cluster,
  topic: Topic,
  place: keyof typeof logEnds | OffsetByTime,
  isolation: keyof typeof isolationLevels = 'read_committed',
): Promise<number[]> {
  const what = `reading the offsets of topic "${topic.name}"`
  const timestamp = typeof place === 'string' ? logEnds[place] : Math.trunc(place.timestampMs)
  return withRetries(cluster.retryPolicy, what, async () => {
    const [current] = await cluster.topicsOnce([topic.name])
    const offsets: number[] = Array.from({ length: topic.partitions.length }, () => 0)
    for (const [leader, led] of byLeader(current!)) {
      const partitions = led.filter((partition) => partition < topic.partitions.length)
      if (partitions.length === 0) continue
      const connection = await cluster.connection(leader, 'admin')
      const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp }))
      const response = await connection.ask(apis.listOffsets, {
        replicaId: noReplica,
        isolationLevel: isolationLevels[isolation],
        topics: [{ name: topic.name, partitions: asked }],
        timeoutMs,
      })
      for (const { partitionIndex, offset } of accepted(response, what).topics[0]!.partitions)
        offsets[partitionIndex] = offset < 0 ? Infinity : offset
    }
    return offsets
  })
}
