import { aclFilter, type AclFilter, checkFilter } from '../acl/acl-filter.ts'
import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../wire/schema.ts'
import { needsAlter, noAuthorizer } from './create-acls.ts'

export const deleteAcls = defineApi({
  key: 31,
  name: 'DeleteAcls',
  versions: [1, 3],
  flexibleSince: 2,
  request: struct({ filters: array(aclFilter) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    filterResults: array(
      struct({
        errorCode: int16,
        errorMessage: nullableString,
        matchingAcls: array(
          struct({
            errorCode: defaulted(int16, 0),
            errorMessage: defaulted(nullableString, null),
            resourceType: int8,
            resourceName: string,
            patternType: int8,
            principal: string,
            host: string,
            operation: int8,
            permissionType: int8,
          }),
        ),
      }),
    ),
  }),
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
