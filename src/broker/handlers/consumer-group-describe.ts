import { consumerGroupDescribe as api, errorCode, operationsUnknown } from '../../protocol/index.ts'
import type { Access } from '../acl/access.ts'
import type { Cluster } from '../cluster.ts'
import { ofGroup } from '../coordinators.ts'
import type { ConsumerGroup } from '../groups/consumer/consumer-group.ts'
import { listsOf, type Unit } from '../groups/epochs/unit.ts'
import { serve } from '../served-api.ts'

/** The member speaks the protocol of consumer groups, not the classic one. */
const consumerMember = 1

export const consumerGroupDescribe = serve(api, {
  // Several groups may be asked for together, where they have one coordinator.
  coordinatedBy: ({ groupIds }) => (groupIds.length === 0 ? undefined : ofGroup({ groupId: groupIds[0]! })),
  handle({ groupIds, includeAuthorizedOperations }, { access, cluster }) {
    return {
      groups: groupIds.map((groupId) => {
        if (!access.group('describe', groupId)) return refused(groupId, errorCode.groupAuthorizationFailed, null)
        const group = cluster.groups.get(groupId)
        if (group?.type !== 'consumer') {
          return refused(groupId, errorCode.groupIdNotFound, `Group ${groupId} is not a consumer group.`)
        }
        const described = describe(group, cluster)
        if (!mayDescribeTopics(described, access)) {
          const message = 'The group has topics that the client may not describe.'
          return refused(groupId, errorCode.topicAuthorizationFailed, message)
        }
        const operations = includeAuthorizedOperations ? access.operationsOn('group', groupId) : operationsUnknown
        return { ...described, authorizedOperations: operations }
      }),
    }
  },
})

function refused(groupId: string, error: number, errorMessage: string | null) {
  return { errorCode: error, errorMessage, groupId, members: [] }
}

function describe(group: ConsumerGroup, { topics }: Cluster) {
  const assignmentOf = (units: Iterable<Unit>) => ({
    // Partitions of a topic that is gone are not told.
    topicPartitions: listsOf(units).flatMap(({ of: topicId, numbers }) => {
      const topic = topics.getById(topicId)
      return topic === undefined ? [] : { topicId, topicName: topic.name, partitions: numbers }
    }),
  })
  return {
    errorCode: errorCode.none,
    groupId: group.id,
    groupState: group.state,
    groupEpoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.assignorName,
    members: group.members.map((member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.held.epoch,
      clientId: member.clientId,
      clientHost: `/${member.clientHost}`,
      subscribedTopicNames: [...member.subscribedTopicNames],
      subscribedTopicRegex: '',
      assignment: assignmentOf(member.held.assigned.keys()),
      targetAssignment: assignmentOf(group.targetOf(member.id)),
      memberType: consumerMember,
    })),
  }
}

function mayDescribeTopics({ members }: ReturnType<typeof describe>, access: Access): boolean {
  return members
    .flatMap(({ assignment, targetAssignment, subscribedTopicNames }) => [
      ...subscribedTopicNames,
      ...[assignment, targetAssignment].flatMap((each) => each.topicPartitions.map(({ topicName }) => topicName)),
    ])
    .every((name) => access.topic('describe', name))
}
