import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { askGroup } from './ask-group.ts'

/** What a group has committed for a partition. */
export interface GroupCommit {
  readonly offset: number
  /** Whether it was committed in a transaction of this client. */
  readonly isOwn: boolean
}

/**
 * The metadata of the offsets that this client's transactions commit, which tells them from those of other consumers.
 */
export const ownMetadata = 'millrace'

/**
 * Reads the next offset of each partition of a topic that a group has committed; `undefined` where there is none.
 *
 * @param options - `requireStable` waits until no open transaction may change the offsets any more.
 * @throws KafkaError `KAFKA_REFUSED`, or `KAFKA_UNAVAILABLE` when the coordinator stays away, or a transaction open,
 *   until the deadline.
 */
export async function fetchGroupOffsets(
  cluster: Cluster,
  group: string,
  topic: string,
  partitionCount: number,
  { requireStable }: { requireStable: boolean },
): Promise<(number | undefined)[]> {
  const commits = await fetchGroupCommits(cluster, group, topic, partitionCount, { requireStable })
  return commits.map((commit) => commit?.offset)
}

/** The same with who has committed it. @param options - `partitions` are those that are asked for, by default all. */
export async function fetchGroupCommits(
  cluster: Cluster,
  group: string,
  topic: string,
  partitionCount: number,
  { requireStable, partitions }: { requireStable: boolean; partitions?: readonly number[] },
): Promise<(GroupCommit | undefined)[]> {
  const partitionIndexes = partitions?.slice() ?? Array.from({ length: partitionCount }, (_, partition) => partition)
  if (partitionIndexes.length === 0) return Array.from({ length: partitionCount })
  const { groups } = await askGroup(cluster, group, 'reading offsets', apis.offsetFetch, {
    groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }],
    requireStable,
  })
  const commits = Array.from<GroupCommit | undefined>({ length: partitionCount })
  for (const { partitionIndex, committedOffset, metadata } of groups[0]!.topics[0]!.partitions) {
    if (committedOffset < 0) continue
    commits[partitionIndex] = { offset: committedOffset, isOwn: metadata === ownMetadata }
  }
  return commits
}
