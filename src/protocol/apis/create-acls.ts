import { defineApi } from '../api.ts'
import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../schema.ts'

export const createAcls = defineApi({
  key: 30,
  name: 'CreateAcls',
  versions: [1, 3],
  flexibleSince: 2,
  request: struct({
    creations: array(
      struct({
        resourceType: int8,
        resourceName: string,
        resourcePatternType: int8,
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(struct({ errorCode: int16, errorMessage: nullableString })),
  }),
})
