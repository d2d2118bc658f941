import { aclFilter, checkFilter } from '../acl/acl-filter.ts'
import type { Acl } from '../acl/acl.ts'
import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../wire/schema.ts'
import { noAuthorizer } from './create-acls.ts'

export const describeAcls = defineApi({
  key: 29,
  name: 'DescribeAcls',
  versions: [1, 3],
  flexibleSince: 2,
  request: aclFilter,
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    errorMessage: nullableString,
    resources: array(
      struct({
        resourceType: int8,
        resourceName: string,
        patternType: int8,
        acls: array(struct({ principal: string, host: string, operation: int8, permissionType: int8 })),
      }),
    ),
  }),
  handle(filter, { access, cluster }) {
    checkFilter(filter)
    const { authorizer } = cluster
    if (authorizer === undefined) {
      return { ...noAuthorizer, errorMessage: 'No Authorizer is configured on the broker', resources: [] }
    }
    if (!access.cluster('describe')) {
      const errorMessage = 'The request needs DESCRIBE permission on the cluster.'
      return { errorCode: errorCode.clusterAuthorizationFailed, errorMessage, resources: [] }
    }
    return { errorCode: errorCode.none, errorMessage: '', resources: byResource(authorizer.matching(filter)) }
  },
})

function byResource(found: readonly Acl[]) {
  const groups = Map.groupBy(found, ({ resourceType, resourceName, patternType }) =>
    JSON.stringify([resourceType, resourceName, patternType]),
  )
  return Array.from(groups.values(), (acls) => ({ ...acls[0]!, acls }))
}
