import { defineApi } from '../api.ts'
import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../schema.ts'
import { aclFilter } from './acl-filter.ts'

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
})
