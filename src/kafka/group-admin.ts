import { deleteGroupsV2, describeGroupsV5 } from '@platformatic/kafka'
import { KafkaError } from '../core/errors.ts'
import { brokerErrorName, brokerErrors } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { askGroup } from './offset-store.ts'

/** Counts the members of a consumer group; undefined where there is no such group. */
export async function countGroupMembers(cluster: Cluster, group: string): Promise<number | undefined> {
  const { groups } = await askGroup(cluster, group, 'describing the members', (coordinator) =>
    coordinator.call(describeGroupsV5.api, [group], false),
  )
  const { groupState, members } = groups[0]!
  return groupState === 'Dead' ? undefined : members.length
}

/**
 * Deletes a consumer group and its offsets; one that does not exist is passed over.
 *
 * @throws KafkaError `KAFKA_REFUSED`, with `NON_EMPTY_GROUP` as `brokerError` while it has members.
 */
export async function deleteGroup(cluster: Cluster, group: string): Promise<void> {
  try {
    await askGroup(cluster, group, 'deletion', (coordinator) => coordinator.call(deleteGroupsV2.api, [group]))
  } catch (error) {
    const isMissing =
      error instanceof KafkaError && error.details['brokerError'] === brokerErrorName(brokerErrors.groupIdNotFound)
    if (!isMissing) throw error
  }
}
