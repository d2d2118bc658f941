import { deleteGroups as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const deleteGroups = serve(api, {
  handle({ groupsNames }, { access, cluster }) {
    const remove = (groupId: string) =>
      access.group('delete', groupId) ? cluster.groups.delete(groupId) : errorCode.groupAuthorizationFailed
    return { results: groupsNames.map((groupId) => ({ groupId, errorCode: remove(groupId) })) }
  },
})
