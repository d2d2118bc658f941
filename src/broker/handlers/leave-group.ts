import { defineApi } from '../api.ts'
import { ofGroup } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { array, int16, int32, nullableString, since, string, struct, until } from '../wire/schema.ts'

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    memberId: until(2, string, ''),
    members: since(
      3,
      array(struct({ memberId: string, groupInstanceId: nullableString, reason: since(5, nullableString, null) })),
      [],
    ),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    members: since(3, array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })), []),
  }),
  denied: ({ groupId }, { access }) =>
    access.group('read', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed },
  coordinatedBy: ofGroup,
  handle({ groupId, memberId, members }, { cluster, version }) {
    if (groupId === '') return { errorCode: errorCode.invalidGroupId }
    const leaving = version >= 3 ? members : [{ memberId, groupInstanceId: null }]
    const group = cluster.groups.get(groupId)
    const errors = group?.leave(leaving) ?? leaving.map(() => errorCode.unknownMemberId)
    if (version < 3) return { errorCode: errors[0]! }
    return {
      errorCode: errorCode.none,
      members: members.map((member, i) => ({ ...member, errorCode: errors[i]! })),
    }
  },
})
