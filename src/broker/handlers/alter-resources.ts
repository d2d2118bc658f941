import { errorCode } from '../../protocol/index.ts'
import type { RequestContext } from '../served-api.ts'
import { type Configurable, findConfigurable, invalidRequest } from '../configurable.ts'
import type { Refusal } from '../topics.ts'

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

/**
 * Changes the settings of topics and brokers, each of them wholly or not at all. `change` makes what is to be set of
 * what is set now, or says why it cannot.
 */
export function alterResources<R extends Resource>(
  resources: readonly R[],
  context: Pick<RequestContext, 'access' | 'cluster' | 'node'>,
  validateOnly: boolean,
  change: (current: Configurable, resource: R) => Map<string, string> | Refusal,
) {
  const isNamedTwice = ({ resourceType, resourceName }: R) =>
    resources.filter((other) => other.resourceType === resourceType && other.resourceName === resourceName).length > 1
  const alter = (resource: R): Refusal | undefined => {
    const { resourceType, resourceName, configs } = resource
    if (isNamedTwice(resource)) return invalidRequest('Each resource must appear at most once.')
    const found = findConfigurable(resourceType, resourceName, context)
    if ('error' in found) return found
    if (new Set(configs.map(({ name }) => name)).size < configs.length) {
      return invalidRequest('Each setting must appear at most once.')
    }
    const set = change(found, resource)
    if (!(set instanceof Map)) return set
    const refusal = found.check(set)
    if (refusal === undefined && !validateOnly) found.replace(set)
    return refusal
  }
  return {
    responses: resources.map((resource) => {
      const { error, message } = alter(resource) ?? { error: errorCode.none, message: null }
      const { resourceType, resourceName } = resource
      return { errorCode: error, errorMessage: message, resourceType, resourceName }
    }),
  }
}
