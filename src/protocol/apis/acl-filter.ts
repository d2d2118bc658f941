import { int8, nullableString, struct } from '../schema.ts'

/** A filter as DescribeAcls and DeleteAcls are sent it. */
export const aclFilter = struct({
  resourceTypeFilter: int8,
  resourceNameFilter: nullableString,
  patternTypeFilter: int8,
  principalFilter: nullableString,
  hostFilter: nullableString,
  operation: int8,
  permissionType: int8,
})
