import { deleteGroups as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { errorCode } from '../error-code.ts'

export const deleteGroups = serve(api, {
  handle({ groups }, { access, cluster }) {
    const remove = (groupId: string) =>
      access.group('delete', groupId) ? cluster.groups.delete(groupId) : errorCode.groupAuthorizationFailed
    return { results: groups.map((groupId) => ({ groupId, errorCode: remove(groupId) })) }
  },
})
