import { defineApi } from '../api.ts'
import { invalidRequest } from '../configurable.ts'
import { array, boolean, int8, nullableString, string, struct } from '../wire/schema.ts'
import { alteredResources, alterResources } from './alter-resources.ts'

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
  handle({ resources, validateOnly }, context) {
    return alterResources(resources, context, validateOnly, (_, { configs }) => {
      const set = new Map<string, string>()
      for (const { name, value } of configs) {
        if (value === null) return invalidRequest(`Null value not supported for: ${name}`)
        set.set(name, value)
      }
      return set
    })
  },
})
