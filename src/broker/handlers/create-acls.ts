import { createAcls as api, errorCode, MalformedMessage } from '../../protocol/index.ts'
import { type Acl, clusterName, operation, patternType, permissionType, resourceType } from '../acl/acl.ts'
import { aclsMax } from '../acl/authorizer.ts'
import { serve } from '../served-api.ts'

/** What all APIs of ACLs answer where there is nothing that would heed them. */
export const noAuthorizer = {
  errorCode: errorCode.securityDisabled,
  errorMessage: 'No Authorizer is configured.',
} as const

/** What is missing where ACLs are to be changed. */
export const needsAlter = 'The request needs ALTER permission on the cluster.'

export const createAcls = serve(api, {
  handle(request, { access, cluster }) {
    const { authorizer } = cluster
    const creations = request.creations.map(({ resourcePatternType: patternType, ...acl }): Acl => ({
      ...acl,
      patternType,
    }))
    if (creations.some(isUnknown)) throw new MalformedMessage('an ACL has an unknown element')
    const isVague = creations.some(namesAny)
    const create = (acl: Acl) => {
      if (authorizer === undefined) return noAuthorizer
      if (!access.cluster('alter')) return { errorCode: errorCode.clusterAuthorizationFailed, errorMessage: needsAlter }
      if (isVague) return { errorCode: errorCode.unknownServerError, errorMessage: null }
      const fault = faultOf(acl)
      if (fault !== undefined) return { errorCode: errorCode.invalidRequest, errorMessage: fault }
      if (authorizer.isFull) return { errorCode: errorCode.policyViolation, errorMessage: `There are ${aclsMax} ACLs.` }
      authorizer.add(acl)
      return { errorCode: errorCode.none, errorMessage: '' }
    }
    return { results: creations.map(create) }
  },
})

/** What Kafka takes for a request that it cannot read. */
function isUnknown(acl: Acl): boolean {
  return [acl.resourceType, acl.patternType, acl.operation, acl.permissionType].includes(0)
}

/** Kafka's controller fails over such an ACL, and with it over all that come in one request. */
function namesAny(acl: Acl): boolean {
  return (
    acl.resourceType === resourceType.any ||
    acl.patternType === patternType.any ||
    acl.patternType === patternType.match ||
    acl.operation === operation.any ||
    acl.permissionType === permissionType.any
  )
}

/** Says what is wrong with an ACL that is to be made, or nothing. */
function faultOf(acl: Acl): string | undefined {
  const { resourceName, principal } = acl
  if (resourceName === '') return 'Invalid empty resource name'
  if (acl.resourceType === resourceType.cluster && resourceName !== clusterName) {
    return `The only valid name for the CLUSTER resource is ${clusterName}`
  }
  if (!isNamed(resourceType, acl.resourceType)) return 'Invalid resourceType UNKNOWN'
  if (!isNamed(patternType, acl.patternType)) return 'Invalid patternType UNKNOWN'
  if (!isNamed(operation, acl.operation)) return 'Invalid operation UNKNOWN'
  if (!isNamed(permissionType, acl.permissionType)) return 'Invalid permissionType UNKNOWN'
  if (principal.includes(':')) return undefined
  return `Could not parse principal from \`${principal}\` (no colon is present separating the principal type from the principal name)`
}

function isNamed(numbers: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(numbers).includes(value)
}
