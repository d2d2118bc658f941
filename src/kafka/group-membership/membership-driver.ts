import {
  errorCode,
  type RequestInputOf,
  type ResponseOf,
  type streamsGroupHeartbeat,
  type consumerGroupHeartbeat,
} from '../../protocol/index.ts'
import type { MembershipAction, MembershipEvent, Share } from './membership-state.ts'

type Ask = Extract<MembershipAction, { type: 'ask' }>
/** What an answer comes to; undefined where no further heartbeat can help. */
type Outcome = MembershipEvent | undefined

/** How members speak to the coordinator of one kind of group. */
export interface MembershipDriver<Request, Answer> {
  /** Whether a share of a lost answer is told again only to a member that joins anew. */
  readonly tellsOnce: boolean
  request(ask: Ask): Request
  outcome(ask: Ask, answer: Answer): Outcome
}

interface Member {
  readonly groupId: string
  /** Chosen by the member, and kept for its life. */
  readonly memberId: string
  readonly rebalanceTimeoutMs: number
}

type ConsumerRequest = RequestInputOf<typeof consumerGroupHeartbeat>
type ConsumerAnswer = ResponseOf<typeof consumerGroupHeartbeat>
type StreamsRequest = RequestInputOf<typeof streamsGroupHeartbeat>
type StreamsAnswer = ResponseOf<typeof streamsGroupHeartbeat>

/** KIP-848: shares are partitions, `<topic id>:<partition>`. */
export function consumerDriver({
  subscribedTopicNames,
  ...member
}: Member & { subscribedTopicNames: readonly string[] }): MembershipDriver<ConsumerRequest, ConsumerAnswer> {
  const { groupId, memberId, rebalanceTimeoutMs } = member
  return {
    tellsOnce: false,
    request: ({ epoch, shares, isFull }) => ({
      groupId,
      memberId,
      memberEpoch: epoch,
      ...(isFull && { rebalanceTimeoutMs, subscribedTopicNames }),
      topicPartitions:
        shares === undefined ? null : listsOf(shares).map(([topicId, partitions]) => ({ topicId, partitions })),
    }),
    outcome: (ask, { errorCode: error, memberEpoch, assignment }) =>
      outcomeOf(
        ask,
        error,
        memberEpoch,
        assignment?.topicPartitions.map(({ topicId, partitions }) => [topicId, partitions]),
      ),
  }
}

/** KIP-1071: shares are active tasks, `<subtopology>:<partition>`. */
export function streamsDriver({
  topology,
  processId,
  ...member
}: Member & { topology: NonNullable<StreamsRequest['topology']>; processId: string }): MembershipDriver<
  StreamsRequest,
  StreamsAnswer
> {
  const { groupId, memberId, rebalanceTimeoutMs } = member
  return {
    tellsOnce: true,
    request({ epoch, shares, isFull }) {
      const tasks = shares && listsOf(shares).map(([subtopologyId, partitions]) => ({ subtopologyId, partitions }))
      return {
        groupId,
        memberId,
        memberEpoch: epoch,
        ...(isFull && { rebalanceTimeoutMs, processId, clientTags: [] }),
        ...(epoch === 0 && { topology }),
        ...(tasks && { activeTasks: tasks, standbyTasks: [], warmupTasks: [] }),
      }
    },
    outcome: (ask, { errorCode: error, memberEpoch, activeTasks }) =>
      outcomeOf(
        ask,
        error,
        memberEpoch,
        activeTasks?.map(({ subtopologyId, partitions }) => [subtopologyId, partitions]),
      ),
  }
}

function outcomeOf(
  asked: Ask,
  error: number,
  epoch: number,
  lists: (readonly [of: string, numbers: number[]])[] | undefined,
): Outcome {
  switch (error) {
    case errorCode.none:
      return {
        type: 'answered',
        epoch,
        shares: lists && new Set(lists.flatMap(([of, numbers]) => numbers.map((number) => `${of}:${number}`))),
      }
    case errorCode.fencedMemberEpoch:
    case errorCode.unknownMemberId:
      return { type: 'fenced' }
    case errorCode.groupIdNotFound:
      // Who joins makes the group, so it is one of another kind.
      return asked.epoch === 0 ? undefined : { type: 'fenced' }
    case errorCode.notCoordinator:
    case errorCode.coordinatorNotAvailable:
    case errorCode.coordinatorLoadInProgress:
      return { type: 'refused' }
    default:
      return undefined
  }
}

function listsOf(shares: Iterable<Share>): (readonly [of: string, numbers: number[]])[] {
  const endOf = (share: Share) => share.lastIndexOf(':')
  const byOwner = Map.groupBy(shares, (share) => share.slice(0, endOf(share)))
  return Array.from(byOwner, ([of, owned]) => [of, owned.map((share) => Number(share.slice(endOf(share) + 1)))])
}
