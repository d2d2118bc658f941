import { defineApi } from '../api.ts'
import { ofGroup } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { int16, int32, nullableString, since, string, struct } from '../wire/schema.ts'

export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16 }),
  denied: ({ groupId }, { access }) =>
    access.group('read', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed },
  coordinatedBy: ofGroup,
  handle(request, { cluster }) {
    const { groupId, generationId } = request
    if (groupId === '') return { errorCode: errorCode.invalidGroupId }
    const group = cluster.groups.get(groupId)
    return { errorCode: group?.heartbeat(request, generationId) ?? errorCode.unknownMemberId }
  },
})
