import { assert } from '../../core/assert.ts'
import { errorCode, type joinGroup, type ResponseOf } from '../../protocol/index.ts'
import { shareOut } from './cooperative-assignor.ts'
import { type DriverOptions, type GroupRequest, type MembershipDriver, outcomeOfMove } from './membership-driver.ts'
import { decodeAssignment, decodeClaim, encodeAssignment, encodeClaim } from './task-claims.ts'

/** Under which Kafka's tools know how to show a group. */
const protocolType = 'consumer'
/** Nobody else speaks it, so that no other consumer can join by mistake. */
const protocolName = 'millrace-tasks'

/**
 * The classic protocol, cooperative (KIP-429): members go on with what they have while others join, and the leader, one
 * of them, shares out. Members are static (KIP-345): a join that is sent again leaves no second member, and the instance
 * id says whose process a member is.
 *
 * The leader sees what each member said when it joined last, which says nothing of what it was told since. A member that
 * missed a generation may so have lost a task; it could commit nothing meanwhile, because its generation was over. So an
 * assignment names what the member is to give up, and what it holds beyond that is lost; and after a generation that was
 * missed, so is what the member had not said before it, whatever the leader knows by now.
 */
export function classicDriver({
  group: groupId,
  name: groupInstanceId,
  topic,
  taskCount,
  sessionTimeoutMs,
}: DriverOptions & {
  readonly topic: string
  readonly taskCount: number
  readonly sessionTimeoutMs: number
}): MembershipDriver {
  const removal = (name: string): GroupRequest => ({
    api: 'leaveGroup',
    request: { groupId, members: [{ memberId: '', groupInstanceId: name, reason: 'it has ended' }] },
  })
  const assignments = ({ leader, memberId, skipAssignment, members }: ResponseOf<typeof joinGroup>) => {
    if (leader !== memberId || skipAssignment) return []
    const claims = members.map((member) => ({ memberId: member.memberId, ...decodeClaim(topic, member.metadata) }))
    return [...shareOut(claims, taskCount)].map(([id, share]) => ({
      memberId: id,
      assignment: encodeAssignment(topic, share),
    }))
  }
  return {
    traits: { afterLost: 'repeat', confirmsGains: false, holdsJoins: true, memberId: '' },
    begin({ kind, memberId, epoch, held }) {
      if (kind === 'leave') return removal(groupInstanceId)
      if (kind === 'beat') {
        return { api: 'heartbeat', request: { groupId, generationId: epoch, memberId, groupInstanceId } }
      }
      const metadata = encodeClaim(topic, { held: [...held], generation: held.size === 0 ? -1 : epoch })
      const protocols = [{ name: protocolName, metadata }]
      const times = { sessionTimeoutMs, rebalanceTimeoutMs: sessionTimeoutMs }
      const request = { groupId, memberId, groupInstanceId, protocolType, protocols, ...times }
      return { api: 'joinGroup', request, isHeld: true }
    },
    proceed({ memberId, epoch, held, said, saidIn }, answered) {
      if (answered.api === 'joinGroup') {
        const { generationId, memberId: given } = answered.answer
        const hasMissed = generationId > saidIn + 1
        if (hasMissed && !held.isSubsetOf(said)) return { type: 'fenced' }
        const member = { generationId, memberId: given, groupInstanceId }
        const request = { groupId, ...member, protocolType, protocolName, assignments: assignments(answered.answer) }
        return { api: 'syncGroup', request, isHeld: true }
      }
      if (answered.api === 'syncGroup') {
        const { generationId, memberId: given } = answered.request
        const { assigned, released } = decodeAssignment(topic, answered.answer.assignment)
        const tasks = new Set(assigned)
        const isLost = !held.isSubsetOf(new Set([...assigned, ...released]))
        return isLost ? { type: 'fenced' } : { type: 'answered', memberId: given, epoch: generationId, tasks }
      }
      assert(answered.api === 'heartbeat' || answered.api === 'leaveGroup', 'nothing else is asked')
      return { type: 'answered', memberId, epoch }
    },
    refused(_, sent, code) {
      switch (code) {
        case errorCode.rebalanceInProgress:
        case errorCode.illegalGeneration:
          return { type: 'reportWanted', ...(sent.api === 'syncGroup' && joinedBy(sent.request)) }
        case errorCode.unknownMemberId:
        case errorCode.fencedInstanceId:
          return { type: 'fenced' }
        default:
          return outcomeOfMove(code)
      }
    },
    complaint: () => undefined,
    roster: {
      listing: { api: 'describeGroups', request: { groups: [groupId] } },
      namesIn(answered) {
        assert(answered.api === 'describeGroups', 'nothing else is asked')
        return answered.answer.groups[0]!.members.flatMap((member) => member.groupInstanceId ?? [])
      },
      removal,
    },
  }
}

/** A member that has joined, and whose generation was over before it was told its tasks. */
function joinedBy({ memberId, generationId: epoch }: { memberId: string; generationId: number }) {
  return { joined: { memberId, epoch } }
}
