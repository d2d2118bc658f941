import { describeConfigs as api, type ErrorCode, errorCode } from '../../protocol/index.ts'
import { type RequestContext, serve } from '../served-api.ts'
import { allBrokers } from '../broker-config.ts'
import { brokerEntries, type ConfigEntry, groupEntries, topicEntries } from '../config-entries.ts'
import { configResource } from '../configurable.ts'

export const describeConfigs = serve(api, {
  handle({ resources, includeSynonyms }, context) {
    return {
      results: resources.map(({ resourceType: type, resourceName, configurationKeys }) => {
        const found = entriesOf(context, type, resourceName)
        const isWanted = ({ name }: { name: string }) => configurationKeys === null || configurationKeys.includes(name)
        return {
          errorCode: found.error,
          errorMessage: found.message,
          resourceType: type,
          resourceName,
          configs: found.entries
            .filter(isWanted)
            .map((entry) => (includeSynonyms ? entry : { ...entry, synonyms: [] })),
        }
      }),
    }
  },
})

interface Found {
  readonly error: ErrorCode
  readonly message: string | null
  readonly entries: readonly ConfigEntry[]
}

function entriesOf(context: RequestContext, type: number, name: string): Found {
  if (type === configResource.topic) return entriesOfTopic(context, name)
  if (type === configResource.broker) return entriesOfBroker(context, name)
  if (type === configResource.group) return entriesOfGroup(context, name)
  return refuse(errorCode.invalidRequest, `Unsupported resource type: ${type}`)
}

function entriesOfTopic({ access, cluster, node }: RequestContext, name: string): Found {
  if (!access.topic('describeConfigs', name)) {
    return refuse(errorCode.topicAuthorizationFailed, 'Topic authorization failed.')
  }
  const topic = cluster.topics.get(name)
  if (topic === undefined) return refuse(errorCode.unknownTopicOrPartition, null)
  return { error: errorCode.none, message: '', entries: topicEntries(topic.config, cluster.brokerConfig, node.id) }
}

/** An empty name stands for what is set for all brokers. */
function entriesOfBroker({ access, cluster, node }: RequestContext, name: string): Found {
  if (!access.cluster('describeConfigs')) {
    return refuse(errorCode.clusterAuthorizationFailed, 'Cluster authorization failed.')
  }
  if (!/^(?:-?\d+)?$/.test(name)) {
    return refuse(errorCode.invalidRequest, `Broker id must be an integer, but it is: ${name}`)
  }
  if (name !== '' && Number(name) !== node.id) {
    const expected = `expected ${node.id} or empty string, but received ${name}`
    return refuse(errorCode.invalidRequest, `Unexpected broker id, ${expected}`)
  }
  const entries = brokerEntries(cluster.brokerConfig, name === '' ? allBrokers : node.id)
  return { error: errorCode.none, message: '', entries }
}

function entriesOfGroup({ access, cluster }: RequestContext, name: string): Found {
  if (!access.group('describeConfigs', name)) {
    return refuse(errorCode.groupAuthorizationFailed, 'Group authorization failed.')
  }
  if (name === '') return refuse(errorCode.invalidRequest, 'Group name must not be empty')
  return { error: errorCode.none, message: '', entries: groupEntries(cluster.groupConfig, name) }
}

function refuse(error: ErrorCode, message: string | null): Found {
  return { error, message, entries: [] }
}
