import { deleteAcls as api, errorCode } from '../../protocol/index.ts'
import { type AclFilter, checkFilter } from '../acl/acl-filter.ts'
import { serve } from '../served-api.ts'
import { needsAlter, noAuthorizer } from './create-acls.ts'

export const deleteAcls = serve(api, {
  handle({ filters }, { access, cluster }) {
    const { authorizer } = cluster
    filters.forEach(checkFilter)
    const find = (filter: AclFilter) => {
      if (authorizer === undefined) return { ...noAuthorizer, matchingAcls: [] }
      if (!access.cluster('alter')) {
        return { errorCode: errorCode.clusterAuthorizationFailed, errorMessage: needsAlter, matchingAcls: [] }
      }
      return { errorCode: errorCode.none, errorMessage: null, matchingAcls: authorizer.matching(filter) }
    }
    // An ACL that passes several filters is named with each of them.
    const filterResults = filters.map(find)
    for (const { matchingAcls } of filterResults) for (const acl of matchingAcls) authorizer?.remove(acl)
    return { filterResults }
  },
})
