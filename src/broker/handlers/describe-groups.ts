import { operationsUnknown } from '../acl/access.ts'
import { defineApi } from '../api.ts'
import type { Cluster } from '../cluster.ts'
import { errorCode } from '../error-code.ts'
import type { Group } from '../group.ts'
import type { GroupMember } from '../group-member.ts'
import { array, boolean, bytes, int16, int32, nullableString, since, string, struct } from '../wire/schema.ts'

export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleSince: 5,
  request: struct({ groups: array(string), includeAuthorizedOperations: since(3, boolean, false) }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    groups: array(
      struct({
        errorCode: int16,
        errorMessage: since(6, nullableString, null),
        groupId: string,
        groupState: string,
        protocolType: string,
        protocolData: string,
        members: array(
          struct({
            memberId: string,
            groupInstanceId: since(4, nullableString, null),
            clientId: string,
            clientHost: string,
            memberMetadata: bytes,
            memberAssignment: bytes,
          }),
        ),
        authorizedOperations: since(3, int32, operationsUnknown),
      }),
    ),
  }),
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
  const group = cluster.groups.get(groupId)
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

function describeMember(member: GroupMember, { state, protocolName }: Group) {
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
