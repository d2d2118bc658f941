import { defineApi } from '../api.ts'
import { array, boolean, defaulted, float64, int16, int32, nullableString, string, struct } from '../schema.ts'

const entities = array(struct({ entityType: string, entityName: nullableString }))

export const alterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    entries: array(
      struct({
        entity: entities,
        ops: array(struct({ key: string, value: float64, remove: boolean })),
      }),
    ),
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    entries: array(struct({ errorCode: int16, errorMessage: nullableString, entity: entities })),
  }),
})
