import { alterConfigs as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { invalidRequest } from '../configurable.ts'
import { alterResources } from './alter-resources.ts'

export const alterConfigs = serve(api, {
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
