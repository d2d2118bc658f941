import { MalformedMessage, type RequestOf, type describeAcls } from '../../protocol/index.ts'
import { type Acl, isAbout, operation, patternType, permissionType, resourceType } from './acl.ts'

/** Which ACLs are meant; null, and the numbers for any, stand for all. */
export type AclFilter = RequestOf<typeof describeAcls>

/** @throws MalformedMessage for a filter that no ACL can pass, because it names nothing that there is. */
export function checkFilter(filter: AclFilter): void {
  const { resourceTypeFilter, patternTypeFilter } = filter
  if ([resourceTypeFilter, patternTypeFilter, filter.operation, filter.permissionType].includes(0)) {
    throw new MalformedMessage('a filter of ACLs has an unknown element')
  }
}

export function matches(filter: AclFilter, acl: Acl): boolean {
  const { principalFilter, hostFilter } = filter
  return (
    isOr(filter.resourceTypeFilter, resourceType.any, acl.resourceType) &&
    isOr(filter.operation, operation.any, acl.operation) &&
    isOr(filter.permissionType, permissionType.any, acl.permissionType) &&
    (principalFilter === null || principalFilter === acl.principal) &&
    (hostFilter === null || hostFilter === acl.host) &&
    matchesPattern(filter, acl)
  )
}

function isOr(wanted: number, any: number, value: number): boolean {
  return wanted === any || wanted === value
}

/** The type MATCH means all patterns that the name falls under, the others the pattern itself. */
function matchesPattern({ resourceNameFilter: name, patternTypeFilter: type }: AclFilter, acl: Acl): boolean {
  if (type !== patternType.any && type !== patternType.match && type !== acl.patternType) return false
  if (name === null || name === acl.resourceName) return true
  return type === patternType.match && isAbout(acl, acl.resourceType, name)
}
