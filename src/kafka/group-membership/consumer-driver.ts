import { assert } from '../../core/assert.ts'
import type { consumerGroupHeartbeat, RequestInputOf } from '../../protocol/index.ts'
import { type DriverOptions, type MembershipDriver, outcomeOfRefusal } from './membership-driver.ts'

type Request = RequestInputOf<typeof consumerGroupHeartbeat>

/** KIP-848: the partitions of the topic of the checkpoints are the tasks, and no other topic is subscribed to. */
export function consumerDriver({
  group: groupId,
  name: memberId,
  giveUpMsMax: rebalanceTimeoutMs,
  topic,
}: DriverOptions & { readonly topic: { readonly name: string; readonly id: string } }): MembershipDriver {
  const beat = (request: Omit<Request, 'groupId'>) => ({
    api: 'consumerGroupHeartbeat' as const,
    request: { groupId, ...request },
  })
  return {
    traits: { afterLost: 'report', confirmsGains: true, holdsJoins: false, memberId },
    begin({ kind, epoch: memberEpoch, held }) {
      if (kind === 'beat' || kind === 'leave') return beat({ memberId, memberEpoch })
      const topicPartitions = held.size === 0 ? [] : [{ topicId: topic.id, partitions: [...held] }]
      const full = { rebalanceTimeoutMs, subscribedTopicNames: [topic.name] }
      return beat({ memberId, memberEpoch, topicPartitions, ...full })
    },
    proceed(_, answered) {
      assert(answered.api === 'consumerGroupHeartbeat', 'nothing else is asked')
      const { memberEpoch: epoch, assignment } = answered.answer
      if (assignment === null) return { type: 'answered', memberId, epoch }
      const own = assignment.topicPartitions.filter(({ topicId }) => topicId === topic.id)
      return { type: 'answered', memberId, epoch, tasks: new Set(own.flatMap(({ partitions }) => partitions)) }
    },
    refused: outcomeOfRefusal,
    complaint: () => undefined,
    roster: {
      listing: { api: 'consumerGroupDescribe', request: { groupIds: [groupId] } },
      namesIn(answered) {
        assert(answered.api === 'consumerGroupDescribe', 'nothing else is asked')
        return answered.answer.groups[0]!.members.map((member) => member.memberId)
      },
      removal: (name) => beat({ memberId: name, memberEpoch: -1 }),
    },
  }
}
