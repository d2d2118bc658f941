import { defineApi } from '../api.ts'
import { array, defaulted, int16, int32, string, struct } from '../schema.ts'

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({ groupsNames: array(string) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(struct({ groupId: string, errorCode: int16 })),
  }),
})
