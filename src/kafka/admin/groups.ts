import { errorCode } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { askGroup } from './ask-group.ts'
import { refusalCode } from '../cluster/broker-error.ts'
import { isOwnership } from '../membership/subscription.ts'

/** Counts the members of a consumer group; undefined where there is no such group. */
export async function countGroupMembers(cluster: Cluster, group: string): Promise<number | undefined> {
  const { groups } = await askGroup(cluster, group, 'describing the members', apis.describeGroups, { groups: [group] })
  const { groupState, members } = groups[0]!
  return groupState === 'Dead' ? undefined : members.length
}

/** A member of a group that shares the ownership of a topic. */
export interface ListedMember {
  readonly memberId: string
  /** As the broker knows it. */
  readonly host: string
  readonly isOwner: boolean
}

/** Lists the members of a group, and which one of them owns a topic. While they are being balanced, none does. */
export async function listGroupMembers(cluster: Cluster, group: string, topic: string): Promise<ListedMember[]> {
  const { groups } = await askGroup(cluster, group, 'describing the members', apis.describeGroups, { groups: [group] })
  return groups[0]!.members.map(({ memberId, clientHost, memberAssignment }) => ({
    memberId,
    host: clientHost.replace(/^\//, ''),
    isOwner: isOwnership(memberAssignment, topic),
  }))
}

/**
 * Deletes a consumer group and its offsets; one that does not exist is passed over.
 *
 * @throws KafkaError `KAFKA_REFUSED`, with `NON_EMPTY_GROUP` as `brokerError` while it has members.
 */
export async function deleteGroup(cluster: Cluster, group: string): Promise<void> {
  try {
    await askGroup(cluster, group, 'deletion', apis.deleteGroups, { groupsNames: [group] })
  } catch (error) {
    if (refusalCode(error) !== errorCode.groupIdNotFound) throw error
  }
}
