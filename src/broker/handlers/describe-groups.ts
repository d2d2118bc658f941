import { describeGroups as api, errorCode, operationsUnknown } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import type { Cluster } from '../cluster.ts'
import type { ClassicGroup } from '../groups/classic/classic-group.ts'
import type { ClassicMember } from '../groups/classic/classic-member.ts'

export const describeGroups = serve(api, {
  handle({ groups, includeAuthorizedOperations }, { access, cluster, version }) {
    const describeAllowed = (groupId: string) => {
      if (!access.group('describe', groupId))
        return { ...unknownGroup(groupId), errorCode: errorCode.groupAuthorizationFailed }
      const operations = includeAuthorizedOperations ? access.operationsOn('group', groupId) : operationsUnknown
      return { ...describe(cluster, groupId, version), authorizedOperations: operations }
    }
    return { groups: groups.map(describeAllowed) }
  },
})

function describe(cluster: Cluster, groupId: string, version: number) {
  const group = cluster.groups.classic(groupId)
  if (group !== undefined) {
    return {
      errorCode: errorCode.none,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? '',
      protocolData: group.state === 'Stable' ? (group.protocolName ?? '') : '',
      members: group.members.map((member) => describeMember(member, group)),
    }
  }
  const dead = { ...unknownGroup(groupId), groupState: 'Dead' }
  return version < 6
    ? { ...dead, errorCode: errorCode.none }
    : { ...dead, errorCode: errorCode.groupIdNotFound, errorMessage: `Group ${groupId} not found.` }
}

function unknownGroup(groupId: string) {
  return { groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

function describeMember(member: ClassicMember, { state, protocolName }: ClassicGroup) {
  // What members want and have is known once the group has agreed on it.
  const isSettled = state === 'Stable'
  const metadata = member.protocols.find(({ name }) => name === protocolName)?.metadata
  return {
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: `/${member.clientHost}`,
    memberMetadata: isSettled && metadata !== undefined ? metadata : Buffer.alloc(0),
    memberAssignment: isSettled ? member.assignment : Buffer.alloc(0),
  }
}
