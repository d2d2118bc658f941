import { consumerGroupDescribe as api } from '../../protocol/index.ts'
import type { Cluster } from '../cluster.ts'
import type { ConsumerGroup } from '../groups/consumer/consumer-group.ts'
import { listsOf, type Unit } from '../groups/epochs/unit.ts'
import { serve } from '../served-api.ts'
import { describesGroups } from './described-groups.ts'

/** The member speaks the protocol of consumer groups, not the classic one. */
const consumerMember = 1

export const consumerGroupDescribe = serve(
  api,
  describesGroups({
    type: 'consumer',
    isOne: (group): group is ConsumerGroup => group?.type === 'consumer',
    describe,
    topicsIn,
  }),
)

function describe(group: ConsumerGroup, { topics }: Cluster) {
  const assignmentOf = (units: Iterable<Unit>) => ({
    // Partitions of a topic that is gone are not told.
    topicPartitions: listsOf(units).flatMap(({ of: topicId, numbers }) => {
      const topic = topics.getById(topicId)
      return topic === undefined ? [] : { topicId, topicName: topic.name, partitions: numbers }
    }),
  })
  return {
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

function topicsIn({ members }: ReturnType<typeof describe>): string[] {
  return members.flatMap(({ assignment, targetAssignment, subscribedTopicNames }) => [
    ...subscribedTopicNames,
    ...[assignment, targetAssignment].flatMap((each) => each.topicPartitions.map(({ topicName }) => topicName)),
  ])
}
