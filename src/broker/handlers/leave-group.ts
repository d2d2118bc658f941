import { errorCode, leaveGroup as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

export const leaveGroup = serve(api, {
  denied: ({ groupId }, { access }) =>
    access.group('read', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed },
  coordinatedBy: ofGroup,
  handle({ groupId, memberId, members }, { cluster, version }) {
    if (groupId === '') return { errorCode: errorCode.invalidGroupId }
    const leaving = version >= 3 ? members : [{ memberId, groupInstanceId: null }]
    const group = cluster.groups.classic(groupId)
    const errors = group?.leave(leaving) ?? leaving.map(() => errorCode.unknownMemberId)
    if (version < 3) return { errorCode: errors[0]! }
    return {
      errorCode: errorCode.none,
      members: members.map((member, i) => ({ ...member, errorCode: errors[i]! })),
    }
  },
})
