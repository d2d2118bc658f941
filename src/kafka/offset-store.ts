import { offsetCommitV8, offsetFetchV8 } from '@platformatic/kafka'
import { refusal } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { type Attempt, Coordinator } from './coordinator.ts'
import { withRetries } from './retry.ts'

/** What a consumer commits with that is not a member of its group. */
const noGeneration = -1

/**
 * Commits the next offset of each partition of a topic to a group, for the tools that show lag.
 *
 * @throws KafkaError `KAFKA_REFUSED`, or `KAFKA_UNAVAILABLE` when the coordinator stays away until the deadline.
 */
export async function commitOffsets(
  cluster: Cluster,
  group: string,
  topic: string,
  offsets: readonly number[],
): Promise<void> {
  const partitions = offsets.map((offset, partitionIndex) => ({
    partitionIndex,
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }))
  const topics = [{ name: topic, partitions }]
  await askGroup(cluster, group, 'committing offsets', (coordinator) =>
    coordinator.call(offsetCommitV8.api, group, noGeneration, '', null, topics),
  )
}

/**
 * Reads the next offset of each partition of a topic that a group has committed; `undefined` where there is none.
 *
 * @param options - `requireStable` waits until no open transaction may change the offsets any more.
 * @throws KafkaError `KAFKA_REFUSED`, or `KAFKA_UNAVAILABLE` when the coordinator stays away, or a transaction open, until
 *   the deadline.
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

/** What a group has committed for a partition. */
export interface GroupCommit {
  readonly offset: number
  /** Whether it was committed in a transaction of this client. */
  readonly isOwn: boolean
}

/** What the offsets of this client's transactions bear, which tells them from those of other consumers. */
export const ownMetadata = 'millrace'

/** The same with who has committed it. */
export async function fetchGroupCommits(
  cluster: Cluster,
  group: string,
  topic: string,
  partitionCount: number,
  { requireStable }: { requireStable: boolean },
): Promise<(GroupCommit | undefined)[]> {
  const partitionIndexes = Array.from({ length: partitionCount }, (_, partition) => partition)
  const wanted = [{ groupId: group, memberEpoch: -1, topics: [{ name: topic, partitionIndexes }] }]
  const { groups } = await askGroup(cluster, group, 'reading offsets', (coordinator) =>
    coordinator.call(offsetFetchV8.api, wanted, requireStable),
  )
  const commits = Array.from<GroupCommit | undefined>({ length: partitionCount })
  for (const { partitionIndex, committedOffset, metadata } of groups[0]!.topics[0]!.partitions) {
    if (committedOffset < 0n) continue
    commits[partitionIndex] = { offset: Number(committedOffset), isOwn: metadata === ownMetadata }
  }
  return commits
}

/** Asks the coordinator of a group, looking for it again while it moves. */
export function askGroup<Response>(
  cluster: Cluster,
  group: string,
  what: string,
  attempt: (coordinator: Coordinator) => Promise<Attempt<Response>>,
): Promise<Response> {
  return withRetries(cluster.retryPolicy, `${what} of group "${group}"`, async () => {
    const result = await attempt(new Coordinator(cluster, 'group', group))
    if (result.type === 'answered') return result.response
    if (result.type === 'refused') throw refusal(result.code, `${what} of group "${group}"`, { group })
    throw result.error
  })
}
