import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../schema.ts'

/** What both APIs that change settings answer. */
export const alteredResources = struct({
  throttleTimeMs: defaulted(int32, 0),
  responses: array(
    struct({ errorCode: int16, errorMessage: nullableString, resourceType: int8, resourceName: string }),
  ),
})
