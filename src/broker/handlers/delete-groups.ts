import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, defaulted, int16, int32, string, struct } from '../wire/schema.ts'

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({ groups: array(string) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(struct({ groupId: string, errorCode: int16 })),
  }),
  handle({ groups }, { access, cluster }) {
    const remove = (groupId: string) =>
      access.group('delete', groupId) ? cluster.groups.delete(groupId) : errorCode.groupAuthorizationFailed
    return { results: groups.map((groupId) => ({ groupId, errorCode: remove(groupId) })) }
  },
})
