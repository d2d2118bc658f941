import { defineApi } from '../api.ts'
import { array, boolean, defaulted, int16, int32, nullableArray, nullableString, string, struct } from '../schema.ts'

const growth = struct({
  name: string,
  count: int32,
  assignments: nullableArray(struct({ brokerIds: array(int32) })),
})

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({ topics: array(growth), timeoutMs: int32, validateOnly: boolean }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
  }),
})
