import { errorCode, heartbeat as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

export const heartbeat = serve(api, {
  denied: ({ groupId }, { access }) =>
    access.group('read', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed },
  coordinatedBy: ofGroup,
  handle(request, { cluster }) {
    const { groupId, generationId } = request
    if (groupId === '') return { errorCode: errorCode.invalidGroupId }
    const group = cluster.groups.classic(groupId)
    return { errorCode: group?.heartbeat(request, generationId) ?? errorCode.unknownMemberId }
  },
})
