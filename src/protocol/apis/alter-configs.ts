import { defineApi } from '../api.ts'
import { array, boolean, int8, nullableString, string, struct } from '../schema.ts'
import { alteredResources } from './altered-resources.ts'

export const alterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    resources: array(
      struct({
        resourceType: int8,
        resourceName: string,
        configs: array(struct({ name: string, value: nullableString })),
      }),
    ),
    validateOnly: boolean,
  }),
  response: alteredResources,
})
