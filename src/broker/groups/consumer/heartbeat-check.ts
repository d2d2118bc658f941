import { errorCode } from '../../../protocol/index.ts'
import type { Refusal } from '../../topics.ts'
import { memberJoins, memberLeaves, memberRestarts } from '../epochs/epoch-member.ts'
import { assignors } from './assignors.ts'
import type { ConsumerHeartbeat } from './consumer-member.ts'

/** Since this version members choose their ids, and may subscribe by a regular expression. */
const ownIdsSince = 1

/** Says what is wrong with a heartbeat by itself, or nothing. */
export function faultOfHeartbeat(request: ConsumerHeartbeat, version: number): Refusal | undefined {
  const { groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor, subscribedTopicRegex } = request
  if (memberId === '' && (version >= ownIdsSince || memberEpoch !== memberJoins)) return invalid('MemberId is empty.')
  if (groupId === '') return invalid('GroupId is empty.')
  if (instanceId === '') return invalid('InstanceId is empty.')
  if (rackId === '') return invalid('RackId is empty.')
  if (memberEpoch < memberRestarts) return invalid(`MemberEpoch is ${memberEpoch}.`)
  if (memberEpoch === memberRestarts && instanceId === null) return invalid('InstanceId is missing.')
  const missing = memberEpoch === memberJoins ? missingToJoin(request) : undefined
  if (missing !== undefined) return missing
  if (serverAssignor !== null && !assignors.has(serverAssignor)) {
    const known = [...assignors.keys()].join(', ')
    return { error: errorCode.unsupportedAssignor, message: `There is no assignor ${serverAssignor}, only ${known}.` }
  }
  if (subscribedTopicRegex !== null && subscribedTopicRegex !== '' && memberEpoch > memberLeaves) {
    const message = 'The embedded broker does not know regular expressions: subscribe to names of topics.'
    return { error: errorCode.invalidRegularExpression, message }
  }
  return undefined
}

function missingToJoin(request: ConsumerHeartbeat): Refusal | undefined {
  const { rebalanceTimeoutMs, topicPartitions, subscribedTopicNames, subscribedTopicRegex } = request
  if (rebalanceTimeoutMs === -1) return invalid('RebalanceTimeoutMs is missing, and the member joins.')
  if (topicPartitions === null || topicPartitions.length > 0) return invalid('TopicPartitions is not empty.')
  const hasSubscription = subscribedTopicNames !== null || subscribedTopicRegex !== null
  return hasSubscription ? undefined : invalid('SubscribedTopicNames is missing, and the member joins.')
}

function invalid(message: string): Refusal {
  return { error: errorCode.invalidRequest, message }
}
