import { findCoordinatorV4, offsetCommitV8 } from '@platformatic/kafka'
import { asKafkaError, brokerErrors, refusal } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { withRetries } from './retry.ts'

const groupKeyType = 0
/** What a consumer commits with that is not a member of its group. */
const noGeneration = -1

/**
 * Commits the next offset of each partition of a topic to a group, for the tools that show lag.
 *
 * @throws KafkaError `KAFKA_REFUSED`, or `KAFKA_UNAVAILABLE` when the coordinator stays away until the deadline.
 */
export function commitOffsets(
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
  return withRetries(cluster.retryPolicy, async () => {
    const connection = await coordinator(cluster, group)
    try {
      await connection.call(offsetCommitV8.api, group, noGeneration, '', null, [{ name: topic, partitions }])
    } catch (error) {
      throw asKafkaError(error, `committing offsets of group "${group}"`)
    }
  })
}

async function coordinator(cluster: Cluster, group: string): Promise<Connection> {
  const any = await cluster.anyConnection()
  try {
    const response = await any.call(findCoordinatorV4.api, groupKeyType, [group])
    const { errorCode, nodeId, host, port } = response.coordinators[0]!
    if (errorCode !== brokerErrors.none)
      throw refusal(errorCode, `finding the coordinator of group "${group}"`, { group })
    return await cluster.connectionTo({ nodeId, host, port }, 'coordinator')
  } catch (error) {
    throw asKafkaError(error, `finding the coordinator of group "${group}"`)
  }
}
