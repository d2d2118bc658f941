import { defineApi, type RequestContext } from '../api.ts'
import { errorCode } from '../error-code.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
} from '../wire/schema.ts'

/** Kafka's numbers for where a setting comes from. */
export const configSource = { topic: 1, staticBroker: 4, default: 5 } as const
const resourceType = { topic: 2, broker: 4 } as const

const configEntry = struct({
  name: string,
  value: nullableString,
  readOnly: boolean,
  configSource: since(1, int8, -1),
  isSensitive: defaulted(boolean, false),
  synonyms: since(1, array(struct({ name: string, value: nullableString, source: int8 })), []),
  configType: since(3, int8, 0),
  documentation: since(3, nullableString, null),
})

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleSince: 4,
  request: struct({
    resources: array(struct({ resourceType: int8, resourceName: string, configurationKeys: nullableArray(string) })),
    includeSynonyms: since(1, boolean, false),
    includeDocumentation: since(3, boolean, false),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    results: array(
      struct({
        errorCode: int16,
        errorMessage: nullableString,
        resourceType: int8,
        resourceName: string,
        configs: array(configEntry),
      }),
    ),
  }),
  handle({ resources }, { access, cluster }) {
    return {
      results: resources.map(({ resourceType: type, resourceName, configurationKeys }) => {
        const found = entriesOf({ access, cluster }, type, resourceName)
        const isWanted = ({ name }: { name: string }) => configurationKeys === null || configurationKeys.includes(name)
        return {
          errorCode: found.error,
          errorMessage: found.message,
          resourceType: type,
          resourceName,
          configs: found.entries.filter(isWanted),
        }
      }),
    }
  },
})

function entriesOf({ access, cluster }: Pick<RequestContext, 'access' | 'cluster'>, type: number, name: string) {
  const refuse = (error: number, message: string | null) => ({ error, message, entries: [] })
  if (type === resourceType.topic) {
    if (!access.topic('describeConfigs', name)) {
      return refuse(errorCode.topicAuthorizationFailed, 'Topic authorization failed.')
    }
    const topic = cluster.topics.get(name)
    if (topic === undefined) return refuse(errorCode.unknownTopicOrPartition, null)
    const entries = topic.config.entries().map((entry) => ({
      name: entry.name,
      value: entry.value,
      readOnly: false,
      configSource: entry.isSet ? configSource.topic : configSource.default,
      configType: entry.type,
    }))
    return { error: errorCode.none, message: '', entries }
  }
  return refuse(errorCode.invalidRequest, `Unsupported resource type: ${type}`)
}
