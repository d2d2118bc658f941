import { errorCode, incrementalAlterConfigs as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { type Configurable, invalidRequest } from '../configurable.ts'
import type { Refusal } from '../topics.ts'
import { alterResources } from './alter-resources.ts'

/** Kafka's numbers for what is to be done with a setting. */
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

interface Change {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

export const incrementalAlterConfigs = serve(api, {
  handle({ resources, validateOnly }, context) {
    return alterResources(resources, context, validateOnly, (config, { configs }) => {
      const set = config.overrides
      for (const change of configs) {
        const refusal = apply(change, set, config)
        if (refusal !== undefined) return refusal
      }
      return set
    })
  },
})

function apply(
  { name, configOperation, value }: Change,
  set: Map<string, string>,
  config: Configurable,
): Refusal | undefined {
  if (configOperation === operation.delete) {
    set.delete(name)
    return undefined
  }
  if (value === null) return invalidRequest(`Null value not supported for: ${name}`)
  if (configOperation === operation.set) {
    set.set(name, value)
    return undefined
  }
  if (configOperation !== operation.append && configOperation !== operation.subtract) {
    return invalidRequest(`Unknown operation: ${configOperation}`)
  }
  const entries = config.list(name)
  if (entries === undefined) {
    return { error: errorCode.invalidConfig, message: `Entries can only be added to lists, and ${name} is none.` }
  }
  const named = value.split(',')
  const isSubtracted = configOperation === operation.subtract
  const kept = entries.filter((entry) => !named.includes(entry))
  set.set(name, (isSubtracted ? kept : [...new Set([...entries, ...named])]).join(','))
  return undefined
}
