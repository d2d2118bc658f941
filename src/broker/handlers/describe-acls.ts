import { describeAcls as api, errorCode } from '../../protocol/index.ts'
import { checkFilter } from '../acl/acl-filter.ts'
import type { Acl } from '../acl/acl.ts'
import { serve } from '../served-api.ts'
import { noAuthorizer } from './create-acls.ts'

export const describeAcls = serve(api, {
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
