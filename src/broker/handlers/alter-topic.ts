import type { RequestContext } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { faultOfConfig, TopicConfig } from '../topic-config.ts'
import type { Refusal } from '../topics.ts'
import { array, defaulted, int16, int32, int8, nullableString, string, struct } from '../wire/schema.ts'

const topicResource = 2

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

/** What both APIs that change settings answer. */
export const alteredResources = struct({
  throttleTimeMs: defaulted(int32, 0),
  responses: array(
    struct({ errorCode: int16, errorMessage: nullableString, resourceType: int8, resourceName: string }),
  ),
})

/**
 * Changes the settings of topics, each of them wholly or not at all. `change` makes what is to be set of what is set
 * now, or says why it cannot.
 */
export function alterTopics<R extends Resource>(
  resources: readonly R[],
  { access, cluster }: Pick<RequestContext, 'access' | 'cluster'>,
  validateOnly: boolean,
  change: (config: TopicConfig, resource: R) => Map<string, string> | Refusal,
) {
  const isNamedTwice = ({ resourceType, resourceName }: R) =>
    resources.filter((other) => other.resourceType === resourceType && other.resourceName === resourceName).length > 1
  const alter = (resource: R): Refusal | undefined => {
    const { resourceType, resourceName, configs } = resource
    if (isNamedTwice(resource)) return invalidRequest('Each resource must appear at most once.')
    if (resourceType !== topicResource) return invalidRequest(`Unsupported resource type: ${resourceType}`)
    if (!access.topic('alterConfigs', resourceName)) {
      return { error: errorCode.topicAuthorizationFailed, message: 'Topic authorization failed.' }
    }
    const topic = cluster.topics.get(resourceName)
    if (topic === undefined) return { error: errorCode.unknownTopicOrPartition, message: 'The topic does not exist.' }
    if (new Set(configs.map(({ name }) => name)).size < configs.length) {
      return invalidRequest('Each setting must appear at most once.')
    }
    const set = change(topic.config, resource)
    if (!(set instanceof Map)) return set
    const fault = Array.from(set, ([name, value]) => faultOfConfig(name, value)).find((text) => text !== undefined)
    if (fault !== undefined) return { error: errorCode.invalidConfig, message: fault }
    if (!validateOnly) topic.config = new TopicConfig(set)
    return undefined
  }
  return {
    responses: resources.map((resource) => {
      const { error, message } = alter(resource) ?? { error: errorCode.none, message: null }
      const { resourceType, resourceName } = resource
      return { errorCode: error, errorMessage: message, resourceType, resourceName }
    }),
  }
}

export function invalidRequest(message: string): Refusal {
  return { error: errorCode.invalidRequest, message }
}
